import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { waitFor } from "@gaugelet/testing/wait";
import { expect, test } from "vitest";
import { startFunctions } from "../../integration/functions.ts";
import { useRuntime } from "../../integration/harness.ts";
import { useTopics } from "./topics-under-test.ts";

const runtime = useRuntime();
const topics = useTopics(runtime);
const PROGRAM = fileURLToPath(new URL("../../../src/topics-command/main.ts", import.meta.url));

/** Run the command, with these lines as its input. */
async function command(args: readonly string[], input = "", environment: Record<string, string> = {}) {
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", PROGRAM, ...args], {
    env: { ...process.env, REDIS_PORT: String(runtime.redis.port), ...environment },
  });
  child.stdin.end(input);
  const [out, error] = await Promise.all([text(child.stdout), text(child.stderr)]);
  if (child.exitCode === null) await once(child, "exit");
  return { code: child.exitCode, out, error };
}

const UNKNOWN =
  'cannot find a function "f": no runtime that is there lists it, and there is no output of it\n';

test("topics are made, filled, looked at and deleted", async () => {
  expect(await command(["create", "orders", "--keep-for", "7d", "--keep-events", "500"])).toEqual({
    code: 0,
    out: "topic orders made\n",
    error: "",
  });
  expect(await command(["create", "orders"])).toEqual({ code: 1, out: "", error: "topic orders exists\n" });
  const published = await command(
    ["publish", "orders", '{"n":1}', "--key", "a", "--header", "x=1", "--header", "y=2=3"],
    "",
  );
  expect(published).toEqual({ code: 0, out: "1 event published\n", error: "" });
  expect((await command(["publish", "orders"], '{"n":2}\n\n{"n":3}')).out).toBe("2 events published\n");
  expect((await command(["list"])).out).toBe("orders\n");
  expect((await command(["describe", "orders"])).out).toMatch(
    /^topic orders: 1 partition\nkept: for 7d, up to 500 events\npartition 0: 3 events, newest \d+-\d+\n$/,
  );
  const [, fields] = (await runtime.redis.client.xrange("gaugelet:topic:orders", "-", "+"))[0] ?? [];
  expect(fields).toEqual(["event", '{"n":1}', "key", "a", "headers", '{"x":"1","y":"2=3"}']);
  expect(await command(["lag", "f", "orders"])).toMatchObject({ code: 1, error: UNKNOWN });
  const stored = { function: "f", version: "1", storedAt: 0 };
  await runtime.redis.client.hset("gaugelet:outputs", "f", JSON.stringify(stored));
  expect((await command(["lag", "f", "orders"])).out).toBe("orders: 3 events\n");
  expect(await command(["lag", "f", "orders", "bills"])).toEqual({
    code: 1,
    out: "orders: 3 events\n",
    error: "there is no topic bills\n",
  });
  expect((await command(["delete", "orders"])).out).toBe("topic orders deleted\n");
  expect(await command(["describe", "orders"])).toMatchObject({
    code: 1,
    error: "there is no topic orders\n",
  });
});

test.each([
  [["create", "t", "--keep-for", "soon"], 2, /--keep-for <duration>.*expected a duration such as 90m or 7d/],
  [["dead", "f", "--after", "5-x"], 2, /expected an id as `topics dead` shows it/],
  [["create", "t", "--partitions", "0"], 2, /expected a number above 0/],
  [["publish", "t", "{}", "--header", "x"], 2, /expected name=value/],
  [["publish", "a b", "{}"], 1, /^topic "a b": expected 1 to 249 letters/],
  [["replay", "f"], 2, /say the ids of letters, as `topics dead` shows them, or --all/],
  [["drop", "f", "1-0", "--all"], 2, /or --all/],
  [["describe", "nothing"], 1, /^there is no topic nothing$/m],
  [["dead", "f"], 1, UNKNOWN],
  [["replay", "f", "--all"], 1, UNKNOWN],
  [["drop", "f", "1-0"], 1, UNKNOWN],
  [["sing"], 2, /unknown command 'sing'/],
])("%j is refused, with what to do", async (args, code, error) => {
  expect(await command(args)).toEqual({ code, out: "", error: expect.stringMatching(error) });
});

test.each([
  ["list", "cannot list topics: there is no connection to Redis"],
  ["dead f", "cannot do that: there is no connection to Redis"],
])("while Redis is away, %s says where it is looked for", async (args, text) => {
  const { code, error } = await command(args.split(" "), "", { REDIS_PORT: "1" });
  expect(error).toMatch(
    new RegExp(`^${text}: start it at 127\\.0\\.0\\.1:1, or set REDIS_HOST and REDIS_PORT\n$`),
  );
  expect(code).toBe(1);
});

test("while Redis is away, that is what is said where topics are on Kafka", async () => {
  const kafka = { GAUGELET_TOPICS: "kafka", KAFKA_BROKERS: "127.0.0.1:1", REDIS_PORT: "1" };
  const where = "start it at 127.0.0.1:1, or set REDIS_HOST and REDIS_PORT";
  expect(await command(["dead", "f"], "", kafka)).toMatchObject({
    code: 1,
    error: `cannot do that: there is no connection to Redis: ${where}\n`,
  });
});

test("while Kafka is away, that is what is said", async () => {
  const kafka = { GAUGELET_TOPICS: "kafka", KAFKA_BROKERS: "127.0.0.1:1" };
  expect(await command(["list"], "", kafka)).toMatchObject({
    code: 1,
    error: "cannot list topics: no broker of KAFKA_BROKERS can be reached\n",
  });
});

test("a variable that is wrong is named", async () => {
  expect(await command(["list"], "", { GAUGELET_TOPICS: "rabbit" })).toMatchObject({
    code: 1,
    error: 'environment: GAUGELET_TOPICS: expected redis or kafka (found "rabbit")\n',
  });
});

/** Fails until it is mended, by a key in Redis that says so. */
const FAILS_UNTIL = (port: number) => `import socket
def mended():
    with socket.create_connection(("127.0.0.1", ${port})) as connection:
        connection.sendall(b"EXISTS mended\\r\\n")
        return connection.recv(16).startswith(b":1")
def handler(input, context):
    seen = context.env.setdefault("seen", [])
    seen.append(input["n"])
    if input["n"] % 2 and not mended():
        raise ValueError("not mended")
    return {"seen": seen}
`;

test.each(["function", "none", "partition"])(
  "dead letters are replayed and dropped, with state: %s",
  async (state) => {
    const trigger = { topic: "t", start: "oldest", retries: { attempts: 1 } };
    const key = state === "partition" ? "f:t-0" : "f";
    await startFunctions(runtime, [
      { name: "f", code: FAILS_UNTIL(runtime.redis.port), state, triggers: [trigger] },
    ]);
    await topics.publish(
      "t",
      [1, 2, 3, 4, 5].map((n) => ({ n })),
    );
    await waitFor("all letters", async () => (await topics.deadLetters("f")).length === 3);
    const [first, second] = await runtime.redis.client.xrange("gaugelet:dead:f", "-", "+");
    const shown = await command(["dead", "f", "--most", "2"]);
    expect(shown.out).toMatch(
      /^(\d+-\d+) {2}\S+Z {2}from t\/0\/\d+-\d+, 1 attempt\n {2}ValueError: not mended\n {2}\{"n":1\}\n.*\n1 more; --after \d+-\d+ shows the next\n$/s,
    );
    expect((await command(["drop", "f", second?.[0] ?? ""])).out).toBe("1 dropped\n");
    await runtime.redis.client.set("mended", "1");
    expect(await command(["replay", "f", first?.[0] ?? "", "5-5"])).toEqual({
      code: 1,
      out: "1 replayed\n",
      error: "cannot replay 5-5: f has no such dead letter of a topic\n",
    });
    expect(await command(["drop", "f", "5-5"])).toMatchObject({ code: 1, out: "0 dropped\n" });
    const isThere = (n: number) => (output: Record<string, unknown>) => (output.seen as number[]).includes(n);
    await runtime.output(isThere(1), key);
    expect((await command(["replay", "f", "--all"])).out).toBe("1 replayed\n");
    const { seen } = await runtime.output(isThere(5), key);
    if (state !== "none") expect(seen).toEqual([2, 4, 1, 5]);
    expect((await command(["dead", "f"])).out).toBe("f has no dead letters\n");
    expect(await runtime.redis.client.zcard(`gaugelet:delayed:{${key}}`)).toBe(0);
  },
);

test("a replayed event has the key that it had, whatever its bytes", async () => {
  const triggers = [{ topic: "t", start: "oldest", retries: { attempts: 1 } }];
  const code = FAILS_UNTIL(runtime.redis.port);
  await startFunctions(runtime, [
    { name: "f", code, state: "none", triggers, output: { key: "f", topics: ["u"] } },
  ]);
  const key = Buffer.from([0xff, 0x01]);
  await topics.engine.publish("t", [{ body: Buffer.from('{"n":1}'), key, headers: {} }]);
  await waitFor("the letter", async () => (await topics.deadLetters("f")).length === 1);
  await runtime.redis.client.set("mended", "1");
  expect((await command(["replay", "f", "--all"])).out).toBe("1 replayed\n");
  await runtime.output(() => true, "f");
  const [output] = await topics.engine.peek("u", "oldest", 1);
  expect(output?.key).toEqual(key);
});
