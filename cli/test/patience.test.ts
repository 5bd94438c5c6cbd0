import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { command } from "./command.ts";

/** Where Node keeps what sends the requests of `fetch`. */
const DISPATCHER = Symbol.for("undici.globalDispatcher.1");

type Dispatch = (options: object, handler: unknown) => boolean;
interface Dispatcher {
  compose(interceptor: (dispatch: Dispatch) => Dispatch): Dispatcher;
}

const ends: (() => unknown)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

/** @returns its address */
async function serve(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  ends.push(() => server.close().closeAllConnections());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Let `fetch` give up so soon where no answer comes. */
function shortenFetch(headersTimeout: number): void {
  const usual: Dispatcher = Reflect.get(globalThis, DISPATCHER);
  const impatient = usual.compose(
    (dispatch) => (options, handler) => dispatch({ ...options, headersTimeout }, handler),
  );
  Reflect.set(globalThis, DISPATCHER, impatient);
  ends.push(() => Reflect.set(globalThis, DISPATCHER, usual));
}

test("a call is waited for, for longer than fetch waits for anything", async () => {
  const asked = Promise.withResolvers<void>();
  const finish = Promise.withResolvers<void>();
  const url = await serve((request, response) => {
    if (request.url === "/api/v1/quick") {
      response.end();
      return;
    }
    if (request.url === "/api/v1/never") return;
    asked.resolve();
    void finish.promise.then(() =>
      response.end(JSON.stringify({ run: "1", status: "completed", output: { n: 1 } })),
    );
  });
  await fetch(`${url}/api/v1/quick`);
  shortenFetch(200);
  const called = command(["--url", url, "--token", "x", "invoke", "f"]);
  await asked.promise;
  // What is asked later gives up before.
  const failure = await fetch(`${url}/api/v1/never`).catch((error: Error) => error.cause);
  expect(failure).toMatchObject({ code: "UND_ERR_HEADERS_TIMEOUT" });
  finish.resolve();
  expect(await called).toEqual({ code: 0, out: '{\n  "n": 1\n}\n', error: "" });
});

test("a call that is refused, or whose server is away or goes, is told as any other", async () => {
  const url = await serve((request, response) => {
    if (request.url?.includes("gone")) {
      response.destroy();
      return;
    }
    response.writeHead(429, { "content-type": "application/problem+json", "retry-after": "7" });
    response.end(JSON.stringify({ type: "/problems/budget-spent", detail: "the budget is spent" }));
  });
  const invoke = (name: string, address = url) => command(["--url", address, "--token", "x", "invoke", name]);
  expect(await invoke("f")).toEqual({ code: 1, out: "", error: "the budget is spent; try again in 7 s\n" });
  const start = "no server answers at http://127.0.0.1:";
  expect(await invoke("gone")).toMatchObject({
    code: 4,
    error: expect.stringMatching(`^${start}\\d+ \\(ECONNRESET\\)`),
  });
  expect(await invoke("f", "http://127.0.0.1:1")).toMatchObject({
    code: 4,
    error: expect.stringMatching(`^${start}1 \\(ECONNREFUSED\\)`),
  });
});

test("all about a function is not told without its versions where these cannot be read", async () => {
  const about = { name: "f", owner: "ada", state: "serving" };
  let problem = { status: 503, type: "/problems/unavailable", detail: "the database does not answer" };
  const url = await serve(({ url: path }, response) => {
    if (path === "/api/v1/functions/f") {
      response.end(JSON.stringify(about));
      return;
    }
    response.writeHead(problem.status).end(JSON.stringify(problem));
  });
  const show = () => command(["--url", url, "--token", "x", "functions", "show", "f"]);
  expect(await show()).toEqual({ code: 4, out: "", error: `${url}: the database does not answer\n` });
  // As that of a function of the configuration file.
  problem = { status: 404, type: "/problems/not-found", detail: "there is no function f" };
  expect(await show()).toEqual({ code: 0, out: "name: f\nowner: ada\nstate: serving\n", error: "" });
});
