import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";

/** True where a GET of this address on 127.0.0.1 gives status 200 within two seconds. */
export async function answersOk(port: number, path: string): Promise<boolean> {
  const signal = AbortSignal.timeout(2_000);
  // An agent of its own: no proxy that the environment names may stand between.
  const call = request({ host: "127.0.0.1", port, path, agent: false, signal });
  // The limit may also strike after the first line of the answer.
  call.on("error", () => {});
  call.end();
  const [response] = (await once(call, "response")) as [IncomingMessage];
  response.on("error", () => {}).resume();
  return response.statusCode === 200;
}
