import { hashSync } from "bcryptjs";
import { describe, expect, test } from "vitest";
import { basicCredentials, PasswordCheck } from "../../src/web/password-check.ts";
import { RateLimit } from "../../src/web/rate-limit.ts";
import { ask, basic, useWebServers } from "./support.ts";

const web = useWebServers();
const hash = (password: string): string => hashSync(password, 4);

describe("with users, a request", () => {
  test.each([
    ["without a name", undefined, 401],
    ["with the right password", basic("alice", "open:sésame"), 200],
    ["with another user's password", basic("bob", "open:sésame"), 401],
    ["with a wrong password", basic("alice", "open:sésam"), 401],
    ["with no password", basic("alice", ""), 401],
    ["of a user that there is not", basic("eve", "open:sésame"), 401],
    ["of the user whose password nobody would guess", basic("eve", "fakepassword"), 401],
    ["with the hash for a password", basic("alice", hash("x")), 401],
    ["with a scheme in small letters", basic("alice", "open:sésame").replace("Basic", "basic"), 200],
    ["with another scheme", "Bearer open:sésame", 401],
    ["with what is no base64", "Basic %%%", 401],
    ["without a colon", `Basic ${Buffer.from("alice").toString("base64")}`, 401],
  ])("%s: %i %i", async (_, authorization, status) => {
    const { port, log } = await web.serve(
      `basic_auth_users:\n  alice: ${hash("open:sésame")}\n  bob: "${hash("other").replace("$2b$", "$2y$")}"\n`,
    );
    // The second time the right one is remembered.
    for (let time = 0; time < 2; time += 1) {
      const answer = await ask(port, authorization);
      expect(answer.status).toBe(status);
      expect(answer.text === "served").toBe(status === 200);
      expect(answer.headers["www-authenticate"]).toBe(
        status === 401 ? 'Basic realm="Gaugelet exporter", charset="UTF-8"' : undefined,
      );
    }
    expect(log.join()).not.toMatch(/sésam|\$2/);
  });

  test("is judged by the users of now", async () => {
    const { port, file, reload } = await web.serve(`basic_auth_users: { alice: ${hash("first")} }`);
    expect(await ask(port, basic("alice", "first"))).toMatchObject({ status: 200 });
    await web.write(`basic_auth_users: { alice: ${hash("second")} }`, file);
    await reload();
    expect(await ask(port, basic("alice", "first"))).toMatchObject({ status: 401 });
    expect(await ask(port, basic("alice", "second"))).toMatchObject({ status: 200 });
    await web.write("basic_auth_users: {}", file);
    await reload();
    expect(await ask(port)).toMatchObject({ status: 200 });
  });
});

describe("passwords", () => {
  test("that are right are compared once, however many ask and guess", async () => {
    const check = new PasswordCheck();
    const users = new Map([["alice", hashSync("right", 9)]]);
    const timed = async (password: string): Promise<number> => {
      const started = performance.now();
      await check.check(users, "alice", password);
      return performance.now() - started;
    };
    const first = await timed("right");
    for (let guess = 0; guess < 3; guess += 1) await check.check(users, "alice", `wrong ${guess}`);
    const later = await timed("right");
    // A comparison takes tens of milliseconds, a look at what is remembered far less than one.
    expect(later).toBeLessThan(first / 4);
  });

  test("that too many guess at once are put off, and those that are known are not", async () => {
    const check = new PasswordCheck();
    const users = new Map([["alice", hash("right")]]);
    expect(await check.check(users, "alice", "right")).toBe("right");
    const guesses = Array.from({ length: 40 }, (_, guess) => check.check(users, "alice", `wrong ${guess}`));
    expect(await check.check(users, "alice", "right")).toBe("right");
    const verdicts = await Promise.all(guesses);
    expect(verdicts.filter((verdict) => verdict === "wrong")).toHaveLength(16);
    expect(verdicts.filter((verdict) => verdict === "busy")).toHaveLength(24);
    expect(await check.check(users, "alice", "wrong")).toBe("wrong");
  });

  test("of more users than are remembered are all still right", async () => {
    const check = new PasswordCheck();
    const users = new Map(
      Array.from({ length: 130 }, (_, user) => [`user ${user}`, hash(`password ${user}`)]),
    );
    for (const user of [...Array(130).keys(), 0, 129]) {
      expect(await check.check(users, `user ${user}`, `password ${user}`)).toBe("right");
    }
  });

  test.each([
    ["Basic YTpi", ["a", "b"]],
    ["Basic YTpiOmM=", ["a", "b:c"]],
    ["Basic Og==", ["", ""]],
    ["Basic", undefined],
    ["Basic YQ==", undefined],
    [undefined, undefined],
  ])("are read from %j as %j", (header, credentials) => {
    expect(basicCredentials(header)).toEqual(credentials);
  });
});

describe("the rate of requests", () => {
  test("is limited once the burst is used up", async () => {
    const { port } = await web.serve('rate_limit: { interval: "1h", burst: 3 }');
    const statuses: (number | undefined)[] = [];
    for (let request = 0; request < 5; request += 1) statuses.push((await ask(port)).status);
    expect(statuses).toEqual([200, 200, 200, 429, 429]);
  });

  test("is not begun anew by reading the same limit, but by another", async () => {
    const { port, file, reload } = await web.serve('rate_limit: { interval: "1h", burst: 1 }');
    expect((await ask(port)).status).toBe(200);
    await reload();
    expect((await ask(port)).status).toBe(429);
    await web.write('rate_limit: { interval: "0", burst: 1 }', file);
    await reload();
    expect((await ask(port)).status).toBe(200);
    expect((await ask(port)).status).toBe(200);
  });

  test("lets one through per interval, and never more than the burst at once", () => {
    const limit = new RateLimit(2, 3, 100);
    const taken = (now: number): number => {
      let count = 0;
      while (limit.take(now)) count += 1;
      return count;
    };
    expect([100, 101, 102, 103.5, 104, 1000].map(taken)).toEqual([3, 0, 1, 0, 1, 3]);
  });
});

test("headers are those of the configuration, on refusals too", async () => {
  const { port } = await web.serve(`
http_server_config:
  http2: false
  headers:
    X-Frame-Options: deny
    X-Content-Type-Options: nosniff
    Strict-Transport-Security: max-age=60
    Content-Security-Policy: ""
basic_auth_users: { alice: ${hash("right")} }
`);
  for (const authorization of [undefined, basic("alice", "right")]) {
    const { headers } = await ask(port, authorization);
    expect(headers).toMatchObject({
      "x-frame-options": "deny",
      "x-content-type-options": "nosniff",
      "strict-transport-security": "max-age=60",
    });
    expect(headers).not.toHaveProperty("content-security-policy");
  }
});
