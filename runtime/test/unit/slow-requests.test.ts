import type { IncomingMessage } from "node:http";
import { connect } from "node:net";
import { afterEach, expect, test } from "vitest";
import { type HttpServer, serve, text } from "../../src/http/server.ts";

let server: HttpServer | undefined;
afterEach(() => server?.stop());

test("a connection that was opened ahead, and nothing was asked on, is not waited for", async () => {
  const started = await serve({ address: "127.0.0.1", port: 0 }, "PORT", {});
  const socket = connect(started.port, "127.0.0.1");
  await new Promise((resolve) => socket.on("connect", resolve));
  const closed = new Promise((resolve) => socket.on("close", resolve));
  const before = performance.now();
  await started.stop();
  await closed;
  // Requests under way have five seconds.
  expect(performance.now() - before).toBeLessThan(4_000);
});

test("a head or a body that comes drop by drop ends its connection, and nobody else waits for it", async () => {
  const limits = { headersTimeout: 200, requestTimeout: 400, connectionsCheckingInterval: 50 };
  const listen = { address: "127.0.0.1", port: 0 };
  const echo = { "/body": (request: IncomingMessage) => void request.resume() };
  server = await serve(listen, "PORT", { "/": () => text(200, "well\n") }, echo, { limits });
  const { port } = server;
  const slow = [
    "GET / HTTP/1.1\r\nhost: x\r\nx-a: ",
    "POST /body HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n",
  ];
  const ended = slow.map(async (head) => {
    const socket = connect(port, "127.0.0.1");
    let said = "";
    socket.on("data", (data) => {
      said += data;
    });
    socket.on("error", () => {});
    socket.write(head);
    const drops = setInterval(() => socket.write("a"), 20);
    await new Promise((resolve) => socket.on("close", resolve));
    clearInterval(drops);
    return said.split("\r\n")[0];
  });
  expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe("well\n");
  expect(await Promise.all(ended)).toEqual(["HTTP/1.1 408 Request Timeout", "HTTP/1.1 408 Request Timeout"]);
});
