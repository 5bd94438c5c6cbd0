import type { IncomingMessage, RequestListener } from "node:http";
import { connect } from "node:net";
import { afterEach, expect, test } from "vitest";
import { type Answer, type HttpServer, serve, text } from "../../src/http/server.ts";

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
  const limits = {
    headersTimeout: 200,
    requestTimeout: 400,
    connectionsCheckingInterval: 50,
    unreadTimeout: 400,
  };
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

test("a client that reads nothing of its answer is left, one whose answer is late is not", async () => {
  const limits = {
    headersTimeout: 15_000,
    requestTimeout: 15_000,
    connectionsCheckingInterval: 20,
    unreadTimeout: 2_000,
  };
  const left = Promise.withResolvers<void>();
  const answer = "a".repeat(32 * 1024 ** 2);
  const big: RequestListener = (_, response) => {
    response.on("close", () => left.resolve());
    response.end(answer);
  };
  const late = async (): Promise<Answer> => {
    await left.promise;
    return text(200, "late\n");
  };
  server = await serve(
    { address: "127.0.0.1", port: 0 },
    "PORT",
    { "/late": late },
    { "/big": big },
    { limits },
  );
  const url = `http://127.0.0.1:${server.port}`;
  const waiting = fetch(`${url}/late`);
  const deaf = connect(server.port, "127.0.0.1").pause();
  deaf.on("error", () => {});
  deaf.write("GET /big HTTP/1.1\r\nhost: x\r\n\r\n");
  await left.promise;
  deaf.destroy();
  expect(await (await waiting).text()).toBe("late\n");
  expect((await (await fetch(`${url}/big`)).text()).length).toBe(answer.length);
});
