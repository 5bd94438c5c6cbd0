import { once } from "node:events";
import { Agent, type IncomingMessage, type RequestOptions, request } from "node:http";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { waitFor } from "@gaugelet/testing/wait";
import { afterEach, describe, expect, test } from "vitest";
import { defineFunction, manifestSchema } from "../../src/configuration/manifest.ts";
import { type HttpServer, serve, text } from "../../src/http/server.ts";
import type { CallAnswer, Callable, CallRequest } from "../../src/triggers/http/callable.ts";
import { answerCalls } from "../../src/triggers/http/calls.ts";
import { targetOf } from "../../src/triggers/http/targets.ts";

// What HTTP itself asks for, without workers: the functions here are a few lines in this process.

type Behaviour = (request: CallRequest, answer: (answer: CallAnswer) => void) => void;

const echo: Behaviour = ({ body }, answer) => answer({ outcome: "ok", output: body, seconds: 0.0015 });

let server: HttpServer | undefined;
afterEach(() => server?.stop());

function callable(name: string, behaviour: Behaviour, manifest: Record<string, unknown> = {}): Callable {
  const whole = { name, handler: "m.h", triggers: [{ http: true }], ...manifest };
  const operator = { nodeName: undefined, minimumIsolation: "process" } as const;
  return {
    definition: defineFunction(manifestSchema.parse(whole), { kind: "path", path: "/" }, operator),
    call: behaviour,
  };
}

/** Serve these functions; the answer is the URL that functions are under. */
async function serving(...callables: Callable[]): Promise<string> {
  const targets = new Map(
    await Promise.all(callables.map(async (each) => [each.definition.name, await targetOf(each)] as const)),
  );
  const routes = { "/": () => text(200, "the page\n") };
  const listen = { address: "127.0.0.1", port: 0 };
  server = await serve(listen, "GAUGELET_RUNTIME_PORT", routes, { "/functions/": answerCalls(targets) });
  return `http://127.0.0.1:${server.port}/functions`;
}

const post = (url: string, body: string | Buffer = "{}", headers: Record<string, string> = {}) =>
  fetch(url, { method: "POST", body, headers });

/** Send a request as it is given, which fetch would not always do. */
async function send(url: string, options: RequestOptions, body = "{}"): Promise<[number, string]> {
  const sent = request(url, { method: "POST", ...options });
  sent.end(body);
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return [response.statusCode ?? 0, Buffer.concat(chunks).toString()];
}

async function expectProblem(response: Response, status: number, problem: object): Promise<void> {
  expect(response.status).toBe(status);
  expect(response.headers.get("content-type")).toBe("application/problem+json");
  const body: unknown = await response.json();
  expect(body).toEqual({ title: expect.stringMatching(/^[A-Z]/), status, ...problem });
}

describe("a call", () => {
  test("is answered with the function's output, and gives it the event, both byte by byte", async () => {
    const seen: CallRequest[] = [];
    const url = await serving(
      callable("a", (call, answer) => {
        seen.push(call);
        answer({ outcome: "ok", output: Buffer.from('{"größe": 1.50}'), seconds: 0.0015 });
      }),
    );
    const event = Buffer.from([0xff, 0x00, 0x7b]);
    const response = await post(`${url}/a`, event);
    expect(response.status).toBe(200);
    expect(await response.text()).toBe('{"größe": 1.50}');
    expect(response.headers.get("content-type")).toBe("application/json");
    expect(response.headers.get("content-length")).toBe("17");
    expect(response.headers.get("server-timing")).toBe("handler;dur=1.5");
    expect(seen).toEqual([{ body: event, shard: "", idempotencyKey: undefined }]);
  });

  test("carries any bytes there and back, however many", async () => {
    const url = await serving(callable("a", echo));
    for (const length of [256, 16 * 1024, 16 * 1024 + 1, 1024 ** 2]) {
      const bytes = Buffer.from(Array.from({ length }, (_, index) => index % 256));
      const response = await post(`${url}/a`, bytes);
      expect(Buffer.from(await response.arrayBuffer()).equals(bytes)).toBe(true);
    }
  });

  test("may be empty, and may come in pieces", async () => {
    const url = await serving(callable("a", echo));
    expect(await (await post(`${url}/a`, "")).text()).toBe("");
    const sent = request(`${url}/a`, { method: "POST" });
    for (const piece of ['{"n"', ": ", "1}"]) {
      sent.write(piece);
      await sleep(20);
    }
    sent.end();
    const [response] = (await once(sent, "response")) as [IncomingMessage];
    const [chunk] = (await once(response, "data")) as [Buffer];
    expect(chunk.toString()).toBe('{"n": 1}');
  });

  test("may be 16 MiB long and no longer, and the next one on the connection is answered", async () => {
    const url = await serving(callable("a", echo));
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const most = "x".repeat(16 * 1024 ** 2);
    const [status, body] = await send(`${url}/a`, { agent }, most);
    expect([status, body === most]).toEqual([200, true]);
    const [tooLarge, problem] = await send(`${url}/a`, { agent }, `${most}x`);
    expect([tooLarge, JSON.parse(problem)]).toMatchObject([
      413,
      { type: "/problems/too-large", detail: "expected at most 16777216 bytes" },
    ]);
    expect(await send(`${url}/a`, { agent }, "1")).toEqual([200, "1"]);
    agent.destroy();
  });

  test("keeps its connection for the next one", async () => {
    const url = await serving(callable("a", echo));
    const agent = new Agent({ keepAlive: true });
    const ports = new Set<number | undefined>();
    for (let count = 0; count < 3; count += 1) {
      const sent = request(`${url}/a`, { method: "POST", agent });
      sent.end("{}");
      const [response] = (await once(sent, "response")) as [IncomingMessage];
      ports.add(response.socket.localPort);
      await response
        .resume()
        .on("end", () => {})
        .toArray();
    }
    expect(ports.size).toBe(1);
    agent.destroy();
  });

  test("that follows another at once on the same connection is answered after it", async () => {
    const waiting: (() => void)[] = [];
    const slow: Behaviour = (call, answer) => void waiting.push(() => echo(call, answer));
    const url = await serving(callable("slow", slow), callable("fast", echo));
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    const head = (name: string) =>
      `POST /functions/${name} HTTP/1.1\r\nhost: x\r\ncontent-length: 6\r\n\r\n"${name}"`;
    socket.write(head("slow") + head("fast"));
    let received = "";
    socket.on("data", (chunk) => {
      received += chunk.toString();
    });
    await waitFor("the slow call", () => waiting.length === 1);
    waiting[0]?.();
    await waitFor("both answers", () => received.includes('"fast"'));
    expect(received.indexOf('"slow"')).toBeLessThan(received.indexOf('"fast"'));
    socket.destroy();
  });

  test("with an idempotency key hands it on", async () => {
    const keys: unknown[] = [];
    const url = await serving(
      callable("a", (call, answer) => {
        keys.push(call.idempotencyKey);
        echo(call, answer);
      }),
    );
    for (const key of ['"8e03978e-40d5"', "a b", "~".repeat(255)]) {
      await post(`${url}/a`, "{}", { "IDEMPOTENCY-key": key });
    }
    expect(keys).toEqual(['"8e03978e-40d5"', "a b", "~".repeat(255)]);
  });

  test.each([[""], ["x".repeat(256)], ["é"], ["a\tb"], ["one", "two"]])(
    "with an idempotency key that is none is refused: %j",
    async (...keys) => {
      const url = await serving(callable("a", echo));
      const [status, problem] = await send(`${url}/a`, { headers: { "idempotency-key": keys } });
      expect([status, JSON.parse(problem)]).toMatchObject([
        400,
        {
          type: "/problems/invalid-idempotency-key",
          detail: "expected one header Idempotency-Key of 1 to 255 printable ASCII characters",
        },
      ]);
    },
  );

  test("of a function with shards says which one", async () => {
    const shards: string[] = [];
    const url = await serving(
      callable(
        "a",
        (call, answer) => {
          shards.push(call.shard);
          echo(call, answer);
        },
        { state: "partition" },
      ),
    );
    await post(`${url}/a?shard=host-1`);
    await post(`${url}/a?other=1&shard=a%20b%2F%C3%B6`);
    expect(shards).toEqual(["host-1", "a b/ö"]);
    const detail = "the function keeps one state per shard: expected one ?shard= of 1 to 255 characters";
    for (const query of ["", "?", "?shard", "?shard=", "?shard=a&shard=b", `?shard=${"x".repeat(256)}`]) {
      await expectProblem(await post(`${url}/a${query}`), 400, { type: "/problems/invalid-shard", detail });
    }
    expect(shards).toHaveLength(2);
  });

  test("of a function without shards says none", async () => {
    const url = await serving(callable("a", echo));
    expect((await post(`${url}/a?verbose=1`)).status).toBe(200);
    await expectProblem(await post(`${url}/a?shard=x`), 400, {
      type: "/problems/invalid-shard",
      detail: "the function has no shards: leave ?shard= out",
    });
  });
});

describe("what is no call is told why:", () => {
  test("a function that does not exist", async () => {
    const url = await serving(callable("secret", echo));
    for (const name of ["none", "secret/", "Secret", "", "__proto__", "%73ecret", 'a"b']) {
      const [status, problem] = await send(url, { path: `/functions/${name}` });
      expect([status, JSON.parse(problem)]).toEqual([
        404,
        {
          type: "/problems/unknown-function",
          title: "There is no such function",
          status: 404,
          detail: `there is no function ${JSON.stringify(name)}`,
        },
      ]);
    }
  });

  test("a function with other triggers alone", async () => {
    const url = await serving(callable("a", echo, { triggers: [{ schedule: "5s" }] }));
    await expectProblem(await post(`${url}/a`), 404, {
      type: "/problems/not-callable",
      detail: "add { http: true } to the triggers of a to call it",
    });
  });

  test.each(["GET", "PUT", "DELETE", "OPTIONS"])("the method %s", async (method) => {
    const url = await serving(callable("a", echo));
    const response = await fetch(`${url}/a`, { method });
    expect(response.headers.get("allow")).toBe("POST");
    await expectProblem(response, 405, {
      type: "/problems/method-not-allowed",
      detail: `expected POST, not ${method}`,
    });
  });

  test.each(["http://evil.example", "null", "https://127.0.0.1:1"])(
    "a page of another site: %s",
    async (origin) => {
      const url = await serving(callable("a", echo));
      await expectProblem(await post(`${url}/a`, "{}", { origin }), 403, {
        type: "/problems/cross-origin",
        detail: `the request came from a page of ${origin}`,
      });
    },
  );

  test("but a page of this server may call", async () => {
    const url = await serving(callable("a", echo));
    expect((await post(`${url}/a`, "{}", { origin: new URL(url).origin })).status).toBe(200);
  });

  test("an event that is compressed", async () => {
    const url = await serving(callable("echo", echo));
    for (const encoding of ["gzip", "BR", "deflate, gzip"]) {
      await expectProblem(await post(`${url}/echo`, "{}", { "content-encoding": encoding }), 415, {
        type: "/problems/unsupported-media-type",
        detail: `expected an event without content-encoding: ${encoding}`,
      });
    }
    // What some clients say, and is no compression.
    expect((await post(`${url}/echo`, "{}", { "content-encoding": "utf-8" })).status).toBe(200);
  });

  test("and the other paths of the port are answered as ever", async () => {
    const url = await serving(callable("a", echo));
    expect(await (await fetch(new URL("/", url))).text()).toBe("the page\n");
    expect((await post(url)).status).toBe(404);
  });
});

describe("a call that fails", () => {
  test.each([
    ["rejected", 400, {}],
    ["error", 500, { traceback: "Traceback …" }],
    ["load-failed", 500, { traceback: "Traceback …" }],
    ["timeout", 504, {}],
    ["killed", 502, {}],
    ["busy", 429, {}],
    ["unavailable", 503, {}],
  ] as const)("as %s is answered with %i", async (outcome, status, members) => {
    const url = await serving(
      callable("a", (_, answer) => answer({ outcome, message: "why", details: "Traceback …" })),
    );
    const response = await post(`${url}/a`);
    const again = status === 429 || status === 503 ? "1" : null;
    expect(response.headers.get("retry-after")).toBe(again);
    await expectProblem(response, status, { type: `/problems/${outcome}`, detail: "why", ...members });
  });

  test("by the function's own error has no traceback where there is none", async () => {
    const url = await serving(
      callable("a", (_, answer) => answer({ outcome: "error", message: "why", details: "" })),
    );
    await expectProblem(await post(`${url}/a`), 500, { type: "/problems/error", detail: "why" });
  });
});

describe("with a schema, an event", () => {
  const input = {
    type: "object",
    required: ["n"],
    properties: { n: { type: "number" }, "a b": { type: "string" }, inner: { $ref: "#" } },
  };
  // The rest of a chain of inner events has no n, which a schema that refers to itself demands.
  const chain = { properties: { inner: { $ref: "#" } } };

  test("that satisfies it is handed on as it came", async () => {
    const url = await serving(callable("a", echo, { input }));
    expect(await (await post(`${url}/a`, ' {"n" : 1.50}\n')).text()).toBe(' {"n" : 1.50}\n');
  });

  test("that does not is refused with every place", async () => {
    const url = await serving(callable("a", echo, { input }));
    await expectProblem(await post(`${url}/a`, '{"a b": 1, "inner": {"n": "2"}}'), 422, {
      type: "/problems/invalid-input",
      detail: "must have required property 'n'; /a b must be string; /inner/n must be number",
      errors: [
        { pointer: "#", detail: "must have required property 'n'" },
        { pointer: "#/a%20b", detail: "must be string" },
        { pointer: "#/inner/n", detail: "must be number" },
      ],
    });
  });

  test("with many problems is answered with some of them, and a large one with the first", async () => {
    const url = await serving(callable("a", echo, { input: { items: { type: "number" } } }));
    const errorsOf = async (count: number): Promise<unknown> => {
      const event = JSON.stringify(Array.from({ length: count }, () => "x"));
      return ((await (await post(`${url}/a`, event)).json()) as { errors: unknown[] }).errors.length;
    };
    expect(await errorsOf(1_000)).toBe(20);
    expect(await errorsOf(20_000)).toBe(1);
  });

  test.each(["", "{", "NaN", "text"])("that is no JSON is refused: %j", async (event) => {
    const url = await serving(callable("a", echo, { input }));
    await expectProblem(await post(`${url}/a`, event), 400, {
      type: "/problems/not-json",
      detail: expect.stringContaining("JSON"),
    });
  });

  test("that is nested too deeply to be checked is refused, and nothing else is harmed", async () => {
    const url = await serving(callable("a", echo, { input: chain }));
    const depth = 100_000;
    const event = `${'{"inner":'.repeat(depth)}{}${"}".repeat(depth)}`;
    await expectProblem(await post(`${url}/a`, event), 422, {
      type: "/problems/invalid-input",
      detail: expect.stringMatching(/^it cannot be checked: /),
    });
    expect((await post(`${url}/a`)).status).toBe(200);
  });
});

describe("a client that goes away", () => {
  test("during its call harms nothing", async () => {
    const answers: (() => void)[] = [];
    const url = await serving(
      callable("slow", (call, answer) => void answers.push(() => echo(call, answer))),
      callable("a", echo),
    );
    const sent = request(`${url}/slow`, { method: "POST" });
    sent.on("error", () => {});
    sent.end("{}");
    await waitFor("the call", () => answers.length === 1);
    sent.destroy();
    await sleep(50);
    answers[0]?.();
    expect((await post(`${url}/a`)).status).toBe(200);
  });

  test("before its event is whole calls nothing", async () => {
    let calls = 0;
    const url = await serving(
      callable("a", (call, answer) => {
        calls += 1;
        echo(call, answer);
      }),
    );
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    socket.write("POST /functions/a HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n12345");
    await sleep(50);
    socket.destroy();
    expect((await post(`${url}/a`)).status).toBe(200);
    expect(calls).toBe(1);
  });
});

test("at its stop the server finishes the calls under way and takes no more", async () => {
  const answers: (() => void)[] = [];
  const url = await serving(callable("a", (call, answer) => void answers.push(() => echo(call, answer))));
  const response = post(`${url}/a`, '"late"');
  await waitFor("the call", () => answers.length === 1);
  const stopped = server?.stop();
  server = undefined;
  await expect(post(`${url}/a`)).rejects.toThrow("fetch failed");
  answers[0]?.();
  expect(await (await response).text()).toBe('"late"');
  await stopped;
});
