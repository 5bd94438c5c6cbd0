import { waitFor } from "@gaugelet/testing/wait";
import { expect, test } from "vitest";
import { calling, counter, SLOW_COUNTER, SUM } from "./functions.ts";
import { type ApiUnderTest, useApi } from "./use-api.ts";

const api = useApi("postgresql");
const { name: _, ...DEPLOYMENT } = SUM;

/** Two runtimes over one database. */
async function replicas(): Promise<[ApiUnderTest, ApiUnderTest]> {
  const one = await api.start();
  return [one, await api.start({ DATABASE_URL: one.database ?? "" })];
}

/** A function without env, which every replica calls, and that says which code it is. */
function versioned(said: number): { manifest: object; files: Record<string, string> } {
  const code = `def handler(input, context):\n    return {'said': ${said}}\n`;
  return { manifest: DEPLOYMENT.manifest, files: { "handler.py": code } };
}

function statusesOf(answers: readonly { readonly status: number }[]): number[] {
  return answers.map(({ status }) => status).sort((one, other) => one - other);
}

function saidBy(runtime: ApiUnderTest, name = "said"): () => Promise<unknown> {
  const call = calling(runtime);
  return async () => ((await call(name, {})).body as { said?: unknown }).said;
}

test("replicas follow what one of them was told, and what was deleted there", async () => {
  const [one, other] = await replicas();
  await one.ask("POST", "/functions", { name: "said", ...versioned(1) });
  await waitFor("the other to follow", async () => (await saidBy(other)()) === 1);
  await other.ask("PUT", "/functions/said", versioned(2));
  await waitFor("the first to follow", async () => (await saidBy(one)()) === 2);
  await one.ask("POST", "/functions/said/rollback", { version: 1 });
  await waitFor("the other to roll back", async () => (await saidBy(other)()) === 1);
  await one.ask("POST", "/functions/said/pause");
  await waitFor("the other to pause", async () => (await calling(other)("said", {})).status === 503);
  await one.ask("POST", "/functions/said/resume");
  await waitFor("the other to resume", async () => (await saidBy(other)()) === 1);
  await one.ask("DELETE", "/functions/said?purge=true");
  await waitFor("the other to forget it", async () => (await calling(other)("said", {})).status === 404);
});

test("of a function that is purged while another replica is in the middle of a call nothing stays", async () => {
  const [one, other] = await replicas();
  await one.ask("POST", "/functions", SLOW_COUNTER);
  const owns = async (replica: ApiUnderTest): Promise<boolean> =>
    (await calling(replica)("slow-counter", { seconds: 0 })).status === 200;
  await waitFor("one of them to own it", async () => (await owns(one)) || (await owns(other)));
  const [owner, standby] = (await owns(one)) ? [one, other] : [other, one];
  const underWay = calling(owner)("slow-counter", { seconds: 2 });
  await waitFor("the call to be under way", async () => {
    const [slow] = (await owner.ask("GET", "/workers")).body.items;
    return slow?.workers.some((worker: { callsInFlight: number }) => worker.callsInFlight > 0);
  });
  expect((await standby.ask("DELETE", "/functions/slow-counter?purge=true")).status).toBe(204);
  expect((await underWay).status).toBe(200);
  expect(await one.redis.client.keys("gaugelet:*slow-counter*")).toEqual([]);
});

test("of deployments at once none is lost, and all replicas end with the same version", async () => {
  const [one, other] = await replicas();
  await one.ask("POST", "/functions", { name: "said", ...versioned(0) });
  const answers = await Promise.all(
    Array.from({ length: 8 }, (_each, index) =>
      (index % 2 === 0 ? one : other).ask("PUT", "/functions/said", versioned(index + 1)),
    ),
  );
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
  const { items } = (await one.ask("GET", "/functions/said/versions")).body;
  expect(items.map(({ version }: { version: number }) => version)).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1]);
  expect(new Set(items.map((item: { package: string }) => item.package)).size).toBe(9);
  const newest = (await one.ask("GET", "/functions/said/versions/9/file?path=handler.py")).body;
  const said = Number(/\d+/.exec(newest.slice(newest.indexOf("said")))?.[0]);
  for (const replica of [one, other]) {
    await waitFor("the newest version to run", async () => (await saidBy(replica)()) === said);
  }
});

test("of two who expect the same version, one deploys", async () => {
  const [one, other] = await replicas();
  await one.ask("POST", "/functions", { name: "said", ...versioned(0) });
  const answers = await Promise.all(
    [one, other].map((replica, index) =>
      replica.ask("PUT", "/functions/said", { ...versioned(index + 1), ifVersion: 1 }),
    ),
  );
  expect(statusesOf(answers)).toEqual([200, 409]);
});

test("of two who make the same function, one does", async () => {
  const [one, other] = await replicas();
  const answers = await Promise.all(
    [one, other].map((replica) => replica.ask("POST", "/functions", { name: "said", ...versioned(0) })),
  );
  expect(statusesOf(answers)).toEqual([201, 409]);
});

test("while the database is away functions go on and nothing is deployed; then it is as before", async () => {
  const [one, other] = await replicas();
  const call = calling(one);
  await one.ask("POST", "/functions", counter("count", 1));
  await one.ask("POST", "/functions", { name: "said", ...versioned(1) });
  await one.ask("POST", "/functions", SUM);
  expect((await call("count", {})).body).toMatchObject({ count: 1 });
  for (const replica of [one, other]) {
    await waitFor("both to follow", async () => (await saidBy(replica)()) === 1);
  }

  await api.postgres?.crash();
  expect((await call("count", {})).body).toMatchObject({ count: 2 });
  const refused = await one.ask("PUT", "/functions/said", versioned(2));
  expect(refused).toMatchObject({ status: 503, body: { type: "/problems/unavailable" } });
  expect(refused.headers.get("retry-after")).toBe("5");
  expect(await saidBy(one)()).toBe(1);
  // Whose code was never needed here cannot be had now, and says so.
  expect(await call("sum", { a: 1, b: 2 })).toMatchObject({ status: 503 });

  await api.postgres?.restart();
  await waitFor(
    "deployments again",
    async () => (await one.ask("PUT", "/functions/said", versioned(2))).status === 200,
  );
  for (const replica of [one, other]) {
    await waitFor("both to follow again", async () => (await saidBy(replica)()) === 2);
  }
  expect((await call("count", {})).body).toMatchObject({ count: 3 });
  await waitFor(
    "the code that could not be had",
    async () => (await call("sum", { a: 1, b: 2 })).status === 200,
  );
});

test("a runtime that starts finds what runs, and what does not", async () => {
  const [one] = await replicas();
  await one.ask("POST", "/functions", { name: "said", ...versioned(1) });
  await one.ask("POST", "/functions", { ...SUM, name: "paused" });
  await one.ask("POST", "/functions/paused/pause");
  await one.ask("POST", "/functions", { ...SUM, name: "deleted" });
  await one.ask("DELETE", "/functions/deleted");
  const later = await api.start({ DATABASE_URL: one.database ?? "" });
  const call = calling(later);
  expect((await call("said", {})).body).toEqual({ said: 1 });
  expect((await call("paused", {})).status).toBe(503);
  expect((await call("deleted", {})).status).toBe(404);
});
