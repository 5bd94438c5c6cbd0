import { startRedis, type TestRedis } from "@gaugelet/testing/redis-server";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type DocumentServer, serveDocuments } from "./support/document-server.ts";
import { storeOutput } from "./support/entries.ts";
import { linesOf } from "./support/exposition.ts";
import { parseExposition } from "./support/parse-exposition.ts";
import { startTestExporter, type TestExporter } from "./support/test-exporter.ts";

let home: TestRedis;
let other: TestRedis;
let server: DocumentServer;
let exporter: TestExporter;
let answer: string | Buffer = "{}";
let broken = false;

beforeAll(async () => {
  [home, other] = [await startRedis(), await startRedis(["--requirepass", "open-sesame"])];
  server = await serveDocuments((request, response) => {
    if (request.url === "/slow.json") return;
    if (request.url === "/moved.json") response.writeHead(302, { location: "/status.json" });
    if (request.url === "/broken.json" || broken) response.writeHead(503);
    response.end(answer);
  });
  exporter = await startTestExporter({
    redis: home,
    yaml: `
targets:
  - redis://localhost:*
  - { url: "redis://127.0.0.1:${other.port}", password: open-sesame }
  - { url: "${server.url}/*.json", username: reader, password: open-barley }
limits: { outputBytes: 1Mi }
modules:
  status:
    defaultRules: false
    rules:
      - { path: "items.{_i}.load", metric: status_load_ratio, help: Load., per: document, labels: { name: { document: "items.{_i}.name" } } }
    http: { headers: { X-Token: abc } }
  missed:
    defaultRules: false
    rules:
      - { key: b, path: x, metric: keyed, help: Keyed. }
      - { path: x, where: { y: on }, metric: conditioned, help: Conditioned. }
      - { path: x, per: host, metric: hosted, help: Hosted. }
      - { path: x, metric: plain, help: Plain. }
      - { key: b, path: x, metric: late, help: Late. }
`,
  });
});
beforeEach(async () => {
  [answer, broken] = ["{}", false];
  await home.client.flushall();
  await other.client.flushall();
});
afterAll(async () => {
  await exporter.stop();
  server.stop();
  await home.stop();
  await other.stop();
});

async function probe(
  parameters: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<string> {
  const { status, text } = await exporter.get(
    `/probe?${new URLSearchParams(parameters).toString()}`,
    headers,
  );
  expect({ status, text: status === 200 ? "" : text }).toEqual({ status: 200, text: "" });
  return text;
}

const success = (text: string): string[] => linesOf(text, "gaugelet_exporter_probe_success");
const redisAt = ({ port }: TestRedis): string => `redis://127.0.0.1:${port}`;

test("one exporter serves two Redis servers and a document at once", async () => {
  await storeOutput(home.client, "f", { x: 1 });
  await storeOutput(other.client, "g", { x: 2 }, { storedAt: 5000 });
  await other.client.set("z:1", '{"x":3}');
  answer = '{"items":[{"name":"a","load":0.5},{"name":"b","load":0.25}]}';
  const [own, announced, keys, document] = await Promise.all([
    exporter.scrape(),
    probe({ target: redisAt(other) }),
    probe({ target: redisAt(other), key: "z:*" }),
    probe({ target: `${server.url}/status.json`, module: "status" }),
  ]);
  expect(linesOf(own, "gaugelet_output_value")).toEqual(['gaugelet_output_value{function="f",field="x"} 1']);
  expect(linesOf(announced, "gaugelet_output_value")).toEqual([
    'gaugelet_output_value{function="g",field="x"} 2',
  ]);
  expect(linesOf(announced, "gaugelet_output_timestamp_seconds")).toEqual([
    'gaugelet_output_timestamp_seconds{function="g"} 5',
  ]);
  expect(linesOf(keys, "gaugelet_output_value")).toEqual([
    'gaugelet_output_value{function="z:1",shard="1",field="x"} 3',
  ]);
  expect(linesOf(document, "status_load_ratio")).toEqual([
    'status_load_ratio{name="a"} 0.5',
    'status_load_ratio{name="b"} 0.25',
  ]);
  for (const text of [announced, keys, document]) {
    expect(success(text)).toEqual(["gaugelet_exporter_probe_success 1"]);
    parseExposition(text, "text");
  }
});

test("a probe sees what changed since the one before", async () => {
  const at = { target: redisAt(other), key: "a" };
  expect(linesOf(await probe(at), "gaugelet_exporter_output_up")).toEqual([
    'gaugelet_exporter_output_up{key="a"} 0',
  ]);
  for (const x of [1, 2, 2, 3]) {
    await other.client.set("a", JSON.stringify({ x }));
    expect(linesOf(await probe(at), "gaugelet_output_value")).toEqual([
      `gaugelet_output_value{function="a",field="x"} ${x}`,
    ]);
  }
  await other.client.del("a");
  expect(linesOf(await probe(at), "gaugelet_output_value")).toEqual([]);
});

test("a document is asked for as the module and the target say", async () => {
  await probe({ target: `${server.url}/status.json`, module: "status" });
  const { headers, method } = server.requests.at(-1) ?? {};
  expect({ method, token: headers?.["x-token"], authorization: headers?.authorization }).toEqual({
    method: "GET",
    token: "abc",
    authorization: `Basic ${Buffer.from("reader:open-barley").toString("base64")}`,
  });
});

test.each([
  ["{", "up 0"],
  ["[1, 2]", "up 1"],
  ["null", "up 0"],
  [Buffer.alloc(2 * 1024 ** 2, " "), "up 0"],
  ["", "up 0"],
])("a document that is %j", async (content, up) => {
  answer = content;
  const text = await probe({ target: `${server.url}/any.json` });
  expect(success(text)).toEqual([`gaugelet_exporter_probe_success ${up.at(-1)}`]);
  expect(linesOf(text, "gaugelet_exporter_output_up")).toEqual([
    `gaugelet_exporter_output_${up.replace(" ", `{key="${server.url}/any.json"} `)}`,
  ]);
});

test("a probe of one key succeeds only where the key is exported; one of a pattern may find nothing", async () => {
  const of = async (key: string): Promise<string> =>
    success(await probe({ target: redisAt(other), key }))[0]?.at(-1) ?? "";
  expect([await of("one"), await of("one*"), await of("gaugelet:x")]).toEqual(["0", "1", "0"]);
  await other.client.set("one", '{"x":1}');
  expect(await of("one")).toBe("1");
  await other.client.set("one", "no JSON");
  expect([await of("one"), await of("one*")]).toEqual(["0", "1"]);
});

test("a target that does not answer: the probe succeeds, and says so", async () => {
  for (const target of [`${server.url}/broken.json`, `${server.url}/moved.json`, "redis://localhost:1"]) {
    const text = await probe({ target });
    expect(success(text)).toEqual(["gaugelet_exporter_probe_success 0"]);
    expect(linesOf(text, "gaugelet_exporter_output_up")).toEqual([]);
  }
});

test("of a target that is away, the message and the log name it, and not where our own Redis is", async () => {
  const locked = `redis://localhost:${other.port}`;
  const hints: [string, string][] = [
    ["redis://localhost:1", "nothing listens at redis://localhost:1"],
    [locked, `${locked} asks for a password; set password or passwordFile`],
    [`${server.url}/broken.json`, "the server answers 503 Service Unavailable"],
  ];
  for (const [target, hint] of hints) {
    const since = exporter.log.length;
    const text = await probe({ target, key: target.startsWith("redis") ? "k" : "", debug: "true" });
    expect(text).toContain(`target ${target}, `);
    expect(text).toMatch(/^the target is away: /m);
    expect(text).toContain(hint);
    expect(text).not.toMatch(/REDIS_/);
    const [told] = exporter.log.slice(since).filter(({ level }) => level === 40);
    expect(told).toMatchObject({
      target,
      msg: "the target is away; no outputs are exported until it answers",
      reason: expect.stringContaining(hint),
    });
    expect(JSON.stringify(exporter.log.slice(since))).not.toMatch(/REDIS_/);
  }
});

test("a document that is away is logged once, and once when it is there again", async () => {
  const at = { target: `${server.url}/changing.json` };
  const told = (): string[] =>
    exporter.log.filter(({ target }) => target === at.target).map(({ msg }) => msg);
  for (const isBroken of [false, true, true, false]) {
    broken = isBroken;
    await probe(at);
  }
  expect(told()).toEqual([
    "the target is away; no outputs are exported until it answers",
    "the target answers",
  ]);
});

test("the scraper's time is respected", async () => {
  const text = await probe(
    { target: `${server.url}/slow.json` },
    { "X-Prometheus-Scrape-Timeout-Seconds": "0.2" },
  );
  expect(success(text)).toEqual(["gaugelet_exporter_probe_success 0"]);
  expect(Number(/^gaugelet_exporter_probe_duration_seconds (.*)$/m.exec(text)?.[1])).toBeLessThan(9);
});

test.each<[Record<string, string>, string]>([
  [{}, "expected a target, such as"],
  [{ target: "nonsense" }, "target: expected an address"],
  [{ target: `redis://${"x".repeat(3000)}` }, "target: expected an address of at most 2048 characters"],
  [{ target: "redis://example.org:6379" }, "target: not allowed"],
  [{ target: "file:///etc/passwd" }, "that begins with one of redis://, rediss://, http://, https://"],
  [{ target: "127.0.0.1:7480/data.json" }, "that begins with one of redis://"],
  [{ target: "localhost:7412" }, "that begins with one of redis://"],
  [{ target: "redis://localhost.example.org" }, "target: not allowed"],
  [{ target: "redis://user:secret@localhost" }, "target: user and password belong in the configuration"],
  [
    { target: "redis://localhost/x" },
    "target: expected nothing behind the port of a Redis but the number of a database",
  ],
  [{ target: "redis://localhost", debug: "1" }, "debug: expected true or false"],
  [{ target: "redis://localhost", module: "nothing" }, "module: expected one of default, status, missed"],
  [
    { target: "redis://localhost", mode: "x" },
    "unknown parameter mode; there are target, key, module and debug",
  ],
])("a probe of %j is refused", async (parameters, message) => {
  const { status, text } = await exporter.get(`/probe?${new URLSearchParams(parameters).toString()}`);
  expect(status).toBe(400);
  expect(text).toContain(message);
});

test("documents outside the allowed paths, a key of a document, a parameter twice", async () => {
  for (const target of [
    `${server.url}/secret`,
    `${server.url}/a/../secret`,
    `${server.url}:80/x.json`.replace(":80", "0"),
  ]) {
    expect((await exporter.get(`/probe?${new URLSearchParams({ target }).toString()}`)).status).toBe(400);
  }
  const document = encodeURIComponent(`${server.url}/a.json`);
  expect((await exporter.get(`/probe?target=${document}&key=a`)).text).toBe("key: only a Redis has keys\n");
  expect((await exporter.get("/probe?target=a&target=b")).text).toBe("target: expected it once\n");
});

test("debug explains what matched what", async () => {
  answer = '{"items":[{"name":"a","load":0.5,"more":null}]}';
  const { type, text } = await exporter.get(
    `/probe?${new URLSearchParams({ target: `${server.url}/status.json`, module: "status", debug: "true" }).toString()}`,
  );
  expect(type).toBe("text/plain; charset=utf-8");
  expect(text).toContain(
    ' items.0.load = 0.5\n    modules.status.rules[0]: status_load_ratio{name="a"} 0.5\n',
  );
  expect(text).toContain('items.0.name = "a"\n    no rule matches\n');
  expect(text).not.toContain("open-barley");
});

test("debug names the rules that match a path and yet do not apply", async () => {
  await other.client.set("a", '{"x":1}');
  const parameters = { target: redisAt(other), key: "a", module: "missed", debug: "true" };
  const rules = "    modules.missed.rules";
  expect(await probe(parameters)).toContain(
    [
      "a x = 1",
      `${rules}[0]: does not apply: its key does not match "a"`,
      `${rules}[1]: does not apply: its where does not hold`,
      `${rules}[2]: does not apply: it is for outputs about a host (per: host)`,
      `${rules}[3]: plain{function="a"} 1\n`,
    ].join("\n"),
  );
});

test("debug says what it is about, where the rules are and how to have a text as a number", async () => {
  const target = `${server.url}/a.json`;
  answer = '{"a":"1.5","b":"x","c":null}';
  const document = await probe({ target, debug: "true" });
  expect(document).toContain(`target ${target}, the document, module default\n1 output is exported\n`);
  const rule = / {4}default-rules\.yaml: rules\[\d+\]: left out: (.*)/g;
  expect([...document.matchAll(rule)].map(([, reason]) => reason)).toEqual([
    "no number, but a text that is one (nonNumber: parse reads it)",
    "no number (values gives texts a number)",
    "null (null: count, or a number, makes something of it)",
  ]);
  const announced = await probe({ target: redisAt(other), debug: "true" });
  expect(announced).toContain(", the announced outputs, module default\n0 outputs are exported\n");
  expect(await probe({ target: redisAt(other), key: "k", debug: "true" })).toContain(", key k, module");
});

test("passwords reach no log", () => {
  expect(JSON.stringify(exporter.log)).not.toMatch(/open-sesame|open-barley/);
});
