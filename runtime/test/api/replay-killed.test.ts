import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeFunctionFolder } from "@gaugelet/testing/function-folder";
import { startPostgres } from "@gaugelet/testing/postgres-server";
import { startRedis } from "@gaugelet/testing/redis-server";
import { waitFor } from "@gaugelet/testing/wait";
import { afterEach, expect, test } from "vitest";
import { RuntimeProcess } from "../faults/runtime-process.ts";
import { begin, counting, deploy, reached, replay } from "./replay-functions.ts";
import { runsOf } from "./run-functions.ts";
import { type ApiAnswer, ask } from "./use-api.ts";

const RUNS = 12;

const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

test("a back-fill whose runtime is killed leaves what it had done, and begun again it is whole", async () => {
  const [redis, postgres] = await Promise.all([startRedis(), startPostgres()]);
  const folder = await makeFunctionFolder("killed");
  cleanUps.push(
    () => redis.stop(),
    () => postgres.stop(),
    () => rm(folder, { recursive: true, force: true }),
  );
  await writeFile(join(folder, "gaugelet.yaml"), "functions: []\n");
  const environment = {
    GAUGELET_CATALOG: "on",
    GAUGELET_CONFIG: join(folder, "gaugelet.yaml"),
    REDIS_HOST: "127.0.0.1",
    REDIS_PORT: String(redis.port),
    DATABASE_URL: await postgres.newDatabase(),
  };
  const start = async () => {
    const runtime = new RuntimeProcess({ folder, environment });
    cleanUps.push(() => runtime.stop());
    await runtime.logged("the API is ready");
    const { ports } = (await runtime.logged("runtime started")) as { ports?: { status: number } };
    const token = (await readFile(join(folder, "state/admin-token"), "utf8")).trim();
    const address = `http://127.0.0.1:${ports?.status}`;
    return {
      runtime,
      ask: (method: string, path: string, body?: unknown): Promise<ApiAnswer> =>
        ask(address, method, path, body, token),
    };
  };
  const published = async ({
    ask: asking,
  }: Pick<Awaited<ReturnType<typeof start>>, "ask">): Promise<number[]> => {
    const { body } = await asking("GET", "/topics/derived/events?limit=100");
    return body.items.map(({ value }: { value: { n: number } }) => value.n).reverse();
  };

  const first = await start();
  const lines = ["return {'n': input['n'], 'calls': calls}"];
  await deploy(first, counting("source", lines));
  for (let n = 0; n < RUNS; n += 1) {
    expect((await first.ask("POST", "/functions/source/invocations", { input: { n } })).status).toBe(200);
  }
  await runsOf(first, "function=source", RUNS);
  const onward = { output: { topics: ["derived"] } };
  await deploy(first, counting("source", ["time.sleep(0.1)", ...lines], onward));
  await deploy(
    first,
    counting("reader", ["return {'seen': calls}"], { triggers: [{ topic: "derived", start: "oldest" }] }),
  );
  const before = await redis.client.get("gaugelet:output:source");
  const id = await begin(first, "source", { version: 2, write: true });
  await reached(first, id, ({ done }) => done >= 3);
  await first.runtime.kill();

  const second = await start();
  expect((await second.ask("GET", `/replays/${id}`)).status).toBe(404);
  const had = await published(second);
  expect(had.length).toBeGreaterThanOrEqual(3);
  expect(had).toEqual(Array.from({ length: had.length }, (_, n) => n));
  // A run is put into the stream of runs first, so that the last one may have come no further; from there
  // it comes to the list when the second runtime records in place of the first.
  const replayed = await waitFor("the runs of the replay", async () => {
    const { body } = await second.ask("GET", "/runs?function=source&trigger=replay");
    return body.items.length >= had.length ? body.items : undefined;
  });
  expect(replayed.length - had.length).toBeOneOf([0, 1]);
  expect(await redis.client.get("gaugelet:output:source")).toBe(before);

  expect(await replay(second, "source", { version: 2, write: true })).toMatchObject({
    status: "completed",
    done: RUNS,
    newFailures: 0,
  });
  expect((await published(second)).slice(had.length)).toEqual(Array.from({ length: RUNS }, (_, n) => n));
  // Events that were published twice have one name, and are handled once.
  await runsOf(second, "function=reader", RUNS);
  const { body: usage } = await second.ask("GET", "/usage?function=source&group=function");
  expect(usage.items[0].runs).toBe(RUNS + replayed.length + RUNS);
});
