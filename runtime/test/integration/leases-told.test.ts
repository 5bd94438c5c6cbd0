import { connectRedis } from "@gaugelet/shared/redis/connection";
import { waitFor } from "@gaugelet/testing/wait";
import { pino } from "pino";
import { expect, onTestFinished, test } from "vitest";
import { Leases } from "../../src/leases/leases.ts";
import { useRuntime } from "./harness.ts";

const context = useRuntime();

/** Somebody who wants leases. */
async function party() {
  const redis = connectRedis({
    host: "127.0.0.1",
    port: context.redis.port,
    username: undefined,
    password: undefined,
    db: 0,
  });
  await waitFor("a connection", () => redis.status === "ready");
  const log: Record<string, unknown>[] = [];
  const logger = pino({ base: null }, { write: (line: string) => void log.push(JSON.parse(line)) });
  const id = `party ${Math.random()}`;
  const leases = new Leases(redis, logger, { id, machine: id, process: id, place: id });
  onTestFinished(() => {
    leases.stop();
    redis.disconnect();
  });
  const heard: string[] = [];
  const want = (key: string) =>
    leases.want(key, { onGained: () => void heard.push(key), onStandby: () => void heard.push(key) });
  return { want, heard, log };
}

test("a lease that cannot be asked for is told once, by its key, though others can be", async () => {
  const { client } = context.redis;
  const owner = await party();
  owner.want("lease:owned");
  await waitFor("the owner", () => owner.heard.length > 0);
  for (const key of ["lease:a", "lease:b"]) await client.set(key, "somebody's");
  const asking = async (): Promise<number> =>
    Number(/cmdstat_evalsha:calls=(\d+)/.exec(await client.info("commandstats"))?.[1]);
  const other = await party();
  for (const key of ["lease:a", "lease:owned", "lease:b"]) other.want(key);
  const before = await asking();
  await waitFor("them to be asked for several times", async () => (await asking()) > before + 15);
  expect(other.log).toMatchObject([
    {
      key: "lease:a",
      msg: expect.stringMatching(/WRONGTYPE .*: the lease's key holds another type than a hash; delete it$/),
    },
  ]);
});
