import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { serveConnection } from "../../src/database/embedded/serve-connection.ts";

/** A first message without content: its length alone. */
const FIRST = Buffer.from([0, 0, 0, 4]);

let client: Socket;
let server: Socket;
beforeEach(async () => {
  const listening = createServer().listen(0, "127.0.0.1");
  const accepted = once(listening, "connection") as Promise<[Socket]>;
  await once(listening, "listening");
  client = connect((listening.address() as { port: number }).port, "127.0.0.1");
  [server] = await accepted;
  listening.close();
});
afterEach(() => {
  client.destroy();
  server.destroy();
});

test("messages are answered in their order, until the client ends the connection", async () => {
  const served = serveConnection(server, (message) => Promise.resolve(Buffer.from(message).reverse()));
  client.write(FIRST);
  client.write(Buffer.from("Q\0\0\0\x05aQ\0\0\0\x05b"));
  const chunks: Buffer[] = [];
  client.on("data", (chunk: Buffer) => chunks.push(chunk));
  while (Buffer.concat(chunks).length < 16) await once(client, "data");
  expect(Buffer.concat(chunks).toString("latin1")).toBe("\x04\0\0\0a\x05\0\0\0Qb\x05\0\0\0Q");
  client.write(Buffer.from("X\0\0\0\x04"));
  await served;
});

test.each(["an answer", ""])(
  "a client that goes while its message is carried out, to be answered %j, is not waited for",
  async (answer) => {
    const execution = Promise.withResolvers<Uint8Array>();
    const begun = Promise.withResolvers<void>();
    const served = serveConnection(server, () => {
      begun.resolve();
      return execution.promise;
    });
    const closed = once(server, "close");
    client.write(FIRST);
    await begun.promise;
    client.destroy();
    await closed;
    execution.resolve(Buffer.from(answer));
    await served;
  },
);
