import { rm } from "node:fs/promises";
import { makeFunctionFolder } from "@gaugelet/testing/function-folder";
import { waitFor } from "@gaugelet/testing/wait";
import { afterEach, beforeEach, expect, test } from "vitest";
import { call, fileOf, runsOf } from "./run-functions.ts";
import { useApi } from "./use-api.ts";

const api = useApi("embedded");
let folder: string;
beforeEach(async () => {
  folder = await makeFunctionFolder("two");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test("of two runtimes with a database each on one Redis one records all runs, and the other says so", async () => {
  const file = await fileOf(folder, [{ name: "f", code: "def handler(input, context):\n    return {}\n" }]);
  const first = await api.start({}, file);
  const second = await api.start({}, file);
  for (const each of [first, second, second]) expect((await call(each, "f", {})).status).toBe(200);
  const recorded = await runsOf(first, "function=f", 3);
  expect(new Set(recorded.map(({ instance }) => instance)).size).toBe(2);
  await waitFor("the second to say so", async () => (await second.ask("GET", "/runs")).status === 503);
  const { body } = await second.ask("GET", "/functions");
  expect(body).toMatchObject({ type: "/problems/unavailable", status: 503 });
  expect(body.detail).toMatch(
    /^another runtime, process \d+ on .+, records the runs of this Redis into its own database, .+; give both one DATABASE_URL, or each a Redis database of its own \(REDIS_DB\)$/,
  );
  expect(second.log.filter(({ msg }) => msg === `the API does not answer: ${body.detail}`)).toHaveLength(1);
  expect((await first.ask("GET", "/functions")).status).toBe(200);

  // Its functions go on, and once it is alone its own database has the runs.
  expect((await call(second, "f", {})).status).toBe(200);
  await runsOf(first, "function=f", 4);
  await first.runtime.stop();
  await waitFor("the API of the second", async () => (await second.ask("GET", "/runs")).status === 200);
  expect((await call(second, "f", {})).status).toBe(200);
  await runsOf(second, "function=f", 1);
  const { body: usage } = await second.ask("GET", "/usage?function=f&group=function");
  expect(usage.items).toMatchObject([{ runs: 1 }]);
});
