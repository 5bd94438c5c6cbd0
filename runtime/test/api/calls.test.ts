import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ConfigurationError } from "@gaugelet/shared/configuration";
import { waitFor } from "@gaugelet/testing/wait";
import { describe, expect, test } from "vitest";
import { readConfiguration } from "../../src/configuration/environment.ts";
import { isLoopback } from "../../src/configuration/loopback.ts";
import { DATABASES } from "./test-database.ts";
import { useApi } from "./use-api.ts";

describe.each(DATABASES)("calls where the users are on %s", (kind) => {
  const api = useApi(kind);

  async function echo(environment: Record<string, string>) {
    const started = await api.start(environment, "functions: []\n");
    const source = "export const handler = (input) => input;\n";
    await writeFile(join(started.folder, "echo.mjs"), source);
    await writeFile(
      join(started.folder, "gaugelet.yaml"),
      "functions: [{ name: echo, language: javascript, source: ./echo.mjs, handler: echo.handler, triggers: [{ http: true }], state: none }]\n",
    );
    await started.runtime.reload();
    const call = async (authorization?: string, method = "POST", path = "/functions/echo") => {
      const response = await fetch(started.url + path, {
        method,
        headers: authorization === undefined ? {} : { authorization },
        ...(method === "POST" ? { body: '{"a":1}' } : {}),
      });
      return { status: response.status, headers: response.headers, text: await response.text() };
    };
    return { ...started, call };
  }

  test("need a token of any user where they are not open, and so does the status page", async () => {
    const { call, ask, token } = await echo({ GAUGELET_CALLS: "token" });
    const none = await call();
    expect([none.status, JSON.parse(none.text).type]).toEqual([401, "/problems/unauthenticated"]);
    expect(none.headers.get("www-authenticate")).toMatch(/^Bearer, Basic /);
    expect((await call("Bearer gaugelet_guessed")).status).toBe(401);
    expect((await call("Bearer")).status).toBe(401);
    // Nobody learns without one which functions there are.
    expect((await call(undefined, "POST", "/functions/none")).status).toBe(401);

    await ask("POST", "/users", { name: "vic", role: "viewer" });
    const made = (await ask("POST", "/tokens", { name: "t", user: "vic" })).body;
    const answer = await waitFor("the function", async () => {
      const { status, text } = await call(`Bearer ${made.token}`);
      return status === 200 ? text : undefined;
    });
    expect(answer).toBe('{"a":1}');
    const password = Buffer.from(`vic:${made.token}`).toString("base64");
    expect((await call(undefined, "GET", "/")).status).toBe(401);
    expect((await call(`Basic ${password}`, "GET", "/")).text).toContain("echo");
    expect((await call(`Bearer ${token}`, "GET", "/")).status).toBe(200);

    await ask("DELETE", `/tokens/${made.id}`);
    expect((await call(`Bearer ${made.token}`)).status).toBe(401);
    expect((await call(`Basic ${password}`, "GET", "/")).status).toBe(401);
  });

  test("have idempotency keys of each user's own, and none is that of a run", async () => {
    const { ask, token, url } = await echo({ GAUGELET_CALLS: "token" });
    await ask("POST", "/users", { name: "vic", role: "viewer" });
    const other: string = (await ask("POST", "/tokens", { name: "t", user: "vic" })).body.token;
    const call = async (shown: string, key: string, by: string) => {
      const headers = { authorization: `Bearer ${shown}`, "idempotency-key": key };
      const body = JSON.stringify({ by });
      const response = await fetch(`${url}/functions/echo`, { method: "POST", headers, body });
      return response.ok ? ((await response.json()) as { by: string }).by : undefined;
    };
    expect(await waitFor("the function", () => call(token, "1", "admin"))).toBe("admin");
    expect(await call(other, "1", "vic")).toBe("vic");
    expect(await call(token, "1", "again")).toBe("admin");
    const { run } = (
      await ask("POST", "/functions/echo/invocations", { input: { by: "run" }, mode: "async" })
    ).body;
    await waitFor("the run", async () => (await ask("GET", `/runs/${run}`)).body.status === "completed");
    expect(await call(other, `run:${run}`, "vic")).toBe("vic");
  });

  test("have none that is that of a run, where they are open", async () => {
    const { ask, url } = await echo({});
    const call = async (key: string) => {
      const headers = { "idempotency-key": key };
      const response = await fetch(`${url}/functions/echo`, {
        method: "POST",
        headers,
        body: '{"by":"call"}',
      });
      return response.ok ? await response.text() : undefined;
    };
    await waitFor("the function", () => call("1"));
    const { run } = (
      await ask("POST", "/functions/echo/invocations", { input: { by: "run" }, mode: "async" })
    ).body;
    await waitFor("the run", async () => (await ask("GET", `/runs/${run}`)).body.status === "completed");
    expect(await call(`run:${run}`)).toBe('{"by":"call"}');
  });

  test("are open on an address of this machine, whatever is shown", async () => {
    const { call } = await echo({});
    await waitFor("the function", async () => (await call()).status === 200);
    expect((await call("Bearer gaugelet_guessed")).status).toBe(200);
    expect((await call(undefined, "GET", "/")).status).toBe(200);
  });
});

describe("while PostgreSQL is away", () => {
  const api = useApi("postgresql");

  test("tokens that are known go on, and others are told to wait", async () => {
    const { ask, token, url } = await api.start({ GAUGELET_CALLS: "token" });
    const other = (await ask("POST", "/tokens", { name: "t" })).body.token;
    const page = async (shown: string) =>
      (await fetch(url, { headers: { authorization: `Bearer ${shown}` } })).status;
    expect(await page(token)).toBe(200);
    await api.postgres?.crash();
    try {
      expect([await page(token), await page(token), await page(other)]).toEqual([200, 200, 503]);
      expect((await ask("GET", "/me")).status).toBe(200);
      expect((await ask("GET", "/users")).body.type).toBe("/problems/unavailable");
    } finally {
      await api.postgres?.restart();
    }
    await waitFor("the other token to be known", async () => (await page(other)) === 200);
  });
});

describe("the configuration", () => {
  const api = useApi("embedded");

  test("of an address that others reach: calls need a token, and without a catalog it is refused", async () => {
    const { folder } = await api.start();
    const read = (environment: Record<string, string>) =>
      readConfiguration({ GAUGELET_CONFIG: join(folder, "gaugelet.yaml"), ...environment });
    const callsOf = async (environment: Record<string, string>) => (await read(environment)).access.calls;
    const everywhere = { GAUGELET_RUNTIME_ADDRESS: "0.0.0.0" };
    expect(await callsOf({})).toBe("local");
    expect(await callsOf(everywhere)).toBe("token");
    expect(await callsOf({ ...everywhere, GAUGELET_CALLS: "open" })).toBe("open");
    expect(await callsOf({ GAUGELET_CALLS: "token" })).toBe("token");
    const off = { GAUGELET_CATALOG: "off" };
    expect(await callsOf({ ...off, ...everywhere, GAUGELET_CALLS: "open" })).toBe("open");
    expect(await callsOf({ ...off, GAUGELET_MANAGEMENT_ADDRESS: "0.0.0.0" })).toBe("local");
    await expect(read({ ...off, ...everywhere })).rejects.toThrow(
      new ConfigurationError(
        "environment: GAUGELET_RUNTIME_ADDRESS is 0.0.0.0, which other machines reach, but with GAUGELET_CATALOG=off there are no users whose token a call could show; turn the catalog on, listen on 127.0.0.1, or set GAUGELET_CALLS to open where whoever reaches the port may call every function",
      ),
    );
    await expect(read({ ...off, GAUGELET_CALLS: "token" })).rejects.toThrow(
      /^environment: GAUGELET_CALLS is token/,
    );
    const key = Buffer.alloc(32, 1).toString("base64");
    const keys = { GAUGELET_SECRET_KEY: key, GAUGELET_SECRET_KEY_OLD: `${key}, ${key}` };
    expect((await read(keys)).access).toMatchObject({
      secretKey: Buffer.alloc(32, 1),
      oldSecretKeys: [{}, {}],
    });
    for (const [name, wrong] of [
      ["GAUGELET_SECRET_KEY", "c2hvcnQ="],
      ["GAUGELET_SECRET_KEY_OLD", `${key},c2hvcnQ=`],
      ["GAUGELET_GRAFANA_SECRET", "c2hvcnQ="],
    ] as const) {
      const error = await read({ [name]: wrong }).catch((found: Error) => found.message);
      expect(error).toMatch(new RegExp(`^environment: ${name}: expected`));
      expect(error).not.toContain("c2hvcnQ");
    }
  });

  test.each([
    ["127.0.0.1", true],
    ["127.1.2.3", true],
    ["::1", true],
    ["localhost", true],
    ["::ffff:127.0.0.1", true],
    ["0.0.0.0", false],
    ["::", false],
    ["10.0.0.1", false],
    ["127.0.0.1.example.com", false],
    ["example.com", false],
  ])("takes %s for this machine's alone: %s", (address, expected) => {
    expect(isLoopback(address)).toBe(expected);
  });
});
