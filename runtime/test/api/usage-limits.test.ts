import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeFunctionFolder } from "@gaugelet/testing/function-folder";
import { waitFor } from "@gaugelet/testing/wait";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DATABASES } from "./test-database.ts";
import { type ApiUnderTest, useApi } from "./use-api.ts";

/** A call costs one euro. */
const PRICES = `
currency: EUR
periods:
  - from: 2026-01-01
    prices:
      standard: { perMillionInvocations: "1000000", perGigabyteSecond: "0", perCpuSecond: "0" }
      premium: { perMillionInvocations: "1000000", perGigabyteSecond: "0", perCpuSecond: "0" }
`;

let folder: string;
beforeAll(async () => {
  folder = await makeFunctionFolder("limits");
  await writeFile(join(folder, "prices.yaml"), PRICES);
  await writeFile(
    join(folder, "handler.py"),
    `def handler(input, context):
    context.env["sum"] = context.env.get("sum", 0) + input.get("n", 0)
    return {"sum": context.env["sum"]}
`,
  );
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const manifest = (name: string, owner: string, triggers: string, more = ""): string => `
  - name: ${name}
    owner: ${owner}
    source: ${folder}
    handler: handler.handler
    triggers: [${triggers}]
    ${more}
`;

const call = async ({ url }: ApiUnderTest, name: string) => {
  const response = await fetch(`${url}/functions/${name}`, { method: "POST", body: "{}" });
  // biome-ignore lint/suspicious/noExplicitAny: tests look into it as they expect it to be.
  return { status: response.status, headers: response.headers, body: (await response.json()) as any };
};

const metric = async ({ runtime }: ApiUnderTest, series: string): Promise<number> => {
  const response = await fetch(`http://127.0.0.1:${runtime.ports.management}/metrics`);
  const line = (await response.text()).split("\n").find((each) => each.startsWith(`${series} `));
  return Number(line?.split(" ").at(-1));
};

describe.each(DATABASES)("limits of an owner on %s", (kind) => {
  const api = useApi(kind);

  test("calls are refused, and events wait, while the budget is spent; nothing is lost", async () => {
    const functions = `functions:${manifest("called", "ada", "{ http: true }")}${manifest("sums", "ada", "{ topic: numbers, start: oldest }")}${manifest("other", "bob", "{ http: true }")}`;
    const stage = await api.start({ GAUGELET_PRICES: join(folder, "prices.yaml") }, functions);
    await waitFor("the function", async () => (await call(stage, "called")).status === 200);
    await waitFor("the other", async () => (await call(stage, "other")).status === 200);
    expect((await stage.ask("PUT", "/budgets/ada", { amount: "3", isHard: true })).status).toBe(200);

    // What it used is in no database yet: calls from now on are counted here.
    await waitFor("the budget to be spent", async () => (await call(stage, "called")).status === 429);
    const refused = await call(stage, "called");
    expect(refused.body).toMatchObject({ type: "/problems/budget-spent", status: 429 });
    expect(refused.body.resetsAt).toMatch(/^\d{4}-\d\d-01T00:00:00\.000Z$/);
    const retryAfter = Number(refused.headers.get("retry-after")) * 1000;
    expect(Math.abs(Date.now() + retryAfter - Date.parse(refused.body.resetsAt))).toBeLessThan(60_000);
    expect((await call(stage, "other")).status).toBe(200);
    expect(await metric(stage, 'gaugelet_budget_spent_ratio{owner="ada"}')).toBeGreaterThanOrEqual(1);

    const { client } = stage.redis;
    for (const n of [1, 2, 4])
      await client.xadd("gaugelet:topic:numbers", "*", "event", JSON.stringify({ n }));
    const consumed = 'gaugelet_topic_consumed_events_total{topic="numbers",function="sums"}';
    await waitFor("the events to come", async () => (await metric(stage, consumed)) === 3);
    expect(await client.get("gaugelet:output:sums")).toBeNull();

    expect((await stage.ask("DELETE", "/budgets/ada")).status).toBe(204);
    await waitFor("the events", async () => (await client.get("gaugelet:output:sums")) === '{"sum":7}');
    expect((await call(stage, "called")).status).toBe(200);
  });

  test("once a budget is there again, a shard with nothing to do yet keeps none waiting", async () => {
    const batch = "start: oldest, batch: { size: 2, wait: 10m }";
    const triggers = `{ topic: slow, ${batch} }, { topic: quick, ${batch} }`;
    const sharded = 'state: partition\n    output: { key: "sums:{shard}" }';
    const functions = `functions:${manifest("sums", "ada", triggers, sharded)}${manifest("called", "ada", "{ http: true }")}`;
    const stage = await api.start({ GAUGELET_PRICES: join(folder, "prices.yaml") }, functions);
    await waitFor("the function", async () => (await call(stage, "called")).status === 200);
    expect((await stage.ask("PUT", "/budgets/ada", { amount: "1", isHard: true })).status).toBe(200);
    await waitFor("the budget to be spent", async () => (await call(stage, "called")).status === 429);
    const { client } = stage.redis;
    // The one that waits for a second event comes first.
    for (const [topic, count] of [
      ["slow", 1],
      ["quick", 2],
    ] as const) {
      for (let n = 1; n <= count; n += 1)
        await client.xadd(`gaugelet:topic:${topic}`, "*", "event", JSON.stringify({ n }));
      const consumed = `gaugelet_topic_consumed_events_total{topic="${topic}",function="sums"}`;
      await waitFor("the events to come", async () => (await metric(stage, consumed)) === count);
    }
    expect((await stage.ask("DELETE", "/budgets/ada")).status).toBe(204);
    await waitFor("both of the quick topic's events", async () => {
      const [key = ""] = await client.keys("sums:*");
      return (await client.get(key)) === '{"sum":3}';
    });
  });

  test("who calls too often is asked to wait, and nobody else is", async () => {
    const functions = `functions:${manifest("called", "ada", "{ http: true }")}${manifest("other", "bob", "{ http: true }")}`;
    const rate = { GAUGELET_OWNER_RATE: "0.001", GAUGELET_OWNER_BURST: "2" };
    const stage = await api.start(rate, functions);
    const answers = [await call(stage, "called"), await call(stage, "called"), await call(stage, "called")];
    expect(answers.slice(0, 2).map(({ status }) => status)).not.toContain(429);
    expect(answers[2]).toMatchObject({ status: 429, body: { type: "/problems/too-many-requests" } });
    expect(Number(answers[2]?.headers.get("retry-after"))).toBeGreaterThan(0);
    expect((await call(stage, "other")).status).not.toBe(429);
  });

  test("what calls use and cost is counted by owner, function and class", async () => {
    const functions = `functions:${manifest("called", "ada", "{ http: true }")}`;
    const stage = await api.start({ GAUGELET_PRICES: join(folder, "prices.yaml") }, functions);
    await waitFor("the function", async () => (await call(stage, "called")).status === 200);
    const labels = '{owner="ada",function="called",class="standard"}';
    expect(await metric(stage, `gaugelet_usage_cost_total${labels}`)).toBeCloseTo(1, 9);
    expect(await metric(stage, `gaugelet_usage_billed_seconds_total${labels}`)).toBeGreaterThanOrEqual(0.001);
    expect(await metric(stage, `gaugelet_usage_gigabyte_seconds_total${labels}`)).toBeGreaterThan(0);
  });

  test("a price list that changes the past is refused, and the one before holds", async () => {
    const file = join(folder, `changes-${kind}.yaml`);
    await writeFile(file, PRICES);
    const stage = await api.start({ GAUGELET_PRICES: file });
    const before = (await stage.ask("GET", "/prices")).body;
    await writeFile(file, PRICES.replaceAll('"0"', '"5"'));
    await waitFor("the change to be refused", () =>
      stage.log.some(({ msg }) => /from 2026-01-01 on, and is refused/.test(String(msg))),
    );
    expect((await stage.ask("GET", "/prices")).body).toEqual(before);
  });
});
