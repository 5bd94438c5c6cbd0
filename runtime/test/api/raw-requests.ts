import { connect } from "node:net";

/**
 * Send bytes to a server as they are, and collect what it says until it closes the connection, or enough has come.
 *
 * @param isEnough tells by what has come so far.
 */
export async function sendRaw(
  url: string,
  bytes: string | Buffer,
  isEnough: (text: string) => boolean = () => false,
): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  let text = "";
  return await new Promise((resolve) => {
    socket.on("data", (data) => {
      text += data.toString("latin1");
      if (isEnough(text)) socket.destroy();
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve(text));
    socket.write(bytes);
  });
}

/** The status codes of all answers in what a server said. */
export function statusesIn(text: string): number[] {
  return [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
}
