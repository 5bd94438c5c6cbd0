import { waitFor } from "@gaugelet/testing/wait";
import { expect, test } from "vitest";
import { useRuntime } from "./harness.ts";
import { useParties, want } from "./lease-parties.ts";

const context = useRuntime();
const party = useParties(context);

test("a lease that cannot be asked for is told once, by its key, though others can be", async () => {
  const { client } = context.redis;
  const owner = await party();
  want(owner, "lease:owned");
  await waitFor("the owner", () => owner.heard.length > 0);
  for (const key of ["lease:a", "lease:b"]) await client.set(key, "somebody's");
  const asking = async (): Promise<number> =>
    Number(/cmdstat_evalsha:calls=(\d+)/.exec(await client.info("commandstats"))?.[1]);
  const other = await party();
  for (const key of ["lease:a", "lease:owned", "lease:b"]) want(other, key);
  const before = await asking();
  await waitFor("them to be asked for several times", async () => (await asking()) > before + 15);
  expect(other.log.map((line) => JSON.parse(line))).toMatchObject([
    {
      key: "lease:a",
      msg: expect.stringMatching(/WRONGTYPE .*: the lease's key holds another type than a hash; delete it$/),
    },
  ]);
});
