import { waitFor } from "@gaugelet/testing/wait";
import { describe, expect, test } from "vitest";
import { begin, counting, deploy, reached, replay } from "./replay-functions.ts";
import { call, runsOf } from "./run-functions.ts";
import { type ApiUnderTest, useApi } from "./use-api.ts";
import { addUsers, tokenOf } from "./users.ts";

const PLAIN = ["return {'n': input['n'], 'calls': calls}"];
const ONWARD = { output: { topics: ["derived"] } };

/** The numbers of the events in a topic, oldest first. */
async function numbersIn({ ask }: ApiUnderTest, topic: string): Promise<number[]> {
  const { status, body } = await ask("GET", `/topics/${topic}/events?limit=100`);
  if (status === 404) return [];
  return body.items.map(({ value }: { value: { n: number } }) => value.n).reverse();
}

/** A function whose runs are recorded under version 1, which publishes nothing. */
async function recorded(started: ApiUnderTest, name: string, count: number): Promise<void> {
  await deploy(started, counting(name, PLAIN));
  for (let n = 0; n < count; n += 1) expect((await call(started, name, { n })).status).toBe(200);
  await runsOf(started, `function=${name}`, count);
}

describe("back-fill", () => {
  const api = useApi("postgresql", addUsers);

  test("publishes the version's outputs to its topics, those alone, and only where it is asked for", async () => {
    const started = await api.start();
    await recorded(started, "source", 4);
    await deploy(started, counting("source", ["if input['n'] == 2: raise ValueError", ...PLAIN], ONWARD));
    const reader = counting("reader", ["return {'seen': calls, 'n': input['n']}"], {
      triggers: [{ topic: "derived", start: "oldest" }],
    });
    await deploy(started, reader);
    const stored = await started.redis.client.get("gaugelet:output:source");

    const refused = await started.ask("POST", "/functions/source/replays", { version: 1, write: true });
    expect([refused.status, refused.body.detail]).toEqual([400, expect.stringContaining("to no topic")]);
    expect(await replay(started, "source", { version: 2 })).toMatchObject({ status: "completed", done: 4 });
    expect(await numbersIn(started, "derived")).toEqual([]);

    expect(await replay(started, "source", { version: 2, write: true })).toMatchObject({ newFailures: 1 });
    expect(await numbersIn(started, "derived")).toEqual([0, 1, 3]);
    // Their names are those of the runs: who reads the topic handles each once, however often it is filled.
    expect(await replay(started, "source", { version: 2, write: true })).toMatchObject({ newFailures: 1 });
    expect(await numbersIn(started, "derived")).toEqual([0, 1, 3, 0, 1, 3]);
    await runsOf(started, "function=reader", 3);
    await started.ask("POST", "/topics/derived/events", { value: { n: 7 } });
    await runsOf(started, "function=reader", 4);
    await waitFor("the reader's output", async () => {
      const output = await started.redis.client.get("gaugelet:output:reader");
      return output === JSON.stringify({ seen: 4, n: 7 });
    });
    expect(await started.redis.client.get("gaugelet:output:source")).toBe(stored);
  });

  test("that is cancelled has published and recorded what it had done, and the run under way as ended", async () => {
    const started = await api.start();
    await recorded(started, "halted", 4);
    await deploy(started, counting("halted", ["if input['n'] == 2: time.sleep(100)", ...PLAIN], ONWARD));
    const id = await begin(started, "halted", { version: 2, write: true });
    await reached(started, id, ({ done }) => done === 2);
    expect((await started.ask("DELETE", `/replays/${id}`)).status).toBe(204);
    const { body } = await started.ask("GET", `/replays/${id}`);
    expect(body).toMatchObject({ status: "cancelled", total: 4, done: 2, error: null });
    const runs = await runsOf(started, "function=halted&trigger=replay", 3);
    expect(runs.map(({ status }) => status)).toEqual(["killed", "completed", "completed"]);
    expect(await numbersIn(started, "derived")).toEqual([0, 1]);
    // Whoever cancels twice is not wrong, and what was cancelled does not come back.
    expect((await started.ask("DELETE", `/replays/${id}`)).status).toBe(204);
    // What it used is billed as that of all others.
    const { body: usage } = await started.ask("GET", "/usage?function=halted&group=function");
    expect(usage.items[0].runs).toBe(7);
  });

  test("is for those who may change the function, and shows nothing to others", async () => {
    const started = await api.start();
    const [ada, bob, eve] = [tokenOf("ada"), tokenOf("bob"), tokenOf("eve")];
    await deploy(started, counting("hers", PLAIN, ONWARD), ada);
    await deploy(started, counting("his", PLAIN), bob);
    expect((await call(started, "hers", { n: 1 })).status).toBe(200);
    await call(started, "his", { n: 2 });
    const [his] = await runsOf(started, "function=his", 1);
    await runsOf(started, "function=hers", 1);
    const before = await numbersIn(started, "derived");
    for (const [token, status] of [
      [bob, 404],
      [eve, 403],
      [null, 401],
    ] as const) {
      const answer = await started.ask("POST", "/functions/hers/replays", { write: true }, token);
      expect(answer.status).toBe(status);
    }
    // Runs of other functions do not go through hers, whatever she names.
    const other = await started.ask("POST", "/functions/hers/replays", { runs: [his.id] }, ada);
    expect([other.status, other.body.total]).toEqual([202, 0]);
    const { body } = await started.ask("POST", "/functions/hers/replays", {}, ada);
    for (const [token, status] of [
      [bob, 404],
      [eve, 403],
      [null, 401],
    ] as const) {
      expect((await started.ask("GET", `/replays/${body.id}`, undefined, token)).status).toBe(status);
      expect((await started.ask("DELETE", `/replays/${body.id}`, undefined, token)).status).toBe(status);
    }
    const hers = await reached(started, body.id, ({ status }) => status !== "running");
    expect(hers).toMatchObject({ status: "completed", total: 1, equal: 1 });
    expect(await numbersIn(started, "derived")).toEqual(before);
    const replayed = await runsOf(started, "function=hers&trigger=replay", 1);
    expect(replayed[0]).toMatchObject({ user: "ada", owner: "ada" });
  });

  test("no more than two replays are under way, however many are begun at once", async () => {
    const started = await api.start();
    await recorded(started, "many", 1);
    await deploy(started, counting("many", ["time.sleep(100)"]));
    const begun = await Promise.all(
      Array.from({ length: 8 }, () => started.ask("POST", "/functions/many/replays", { version: 2 })),
    );
    expect(begun.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([
      202, 202, 429, 429, 429, 429, 429, 429,
    ]);
    for (const { status, body } of begun) {
      if (status === 202) await started.ask("DELETE", `/replays/${body.id}`);
    }
    expect((await started.ask("POST", "/functions/many/replays", { version: 1 })).status).toBe(202);
  });

  test("calls nothing of an owner whose budget is spent", async () => {
    const started = await api.start();
    await deploy(started, counting("costly", PLAIN), tokenOf("ada"));
    for (let n = 0; n < 3; n += 1) await call(started, "costly", { n });
    await runsOf(started, "function=costly", 3);
    await deploy(started, counting("costly", ["time.sleep(1)", ...PLAIN]), tokenOf("ada"));
    const budget = { amount: "0", isHard: true };
    const id = await begin(started, "costly", { version: 2 }, tokenOf("ada"));
    await reached(started, id, ({ done }) => done >= 1);
    expect((await started.ask("PUT", "/budgets/ada", budget)).status).toBe(200);
    const ended = await reached(started, id, ({ status }) => status !== "running");
    expect(ended).toMatchObject({ status: "failed", error: expect.stringContaining("ada has spent") });
    expect(ended.done).toBeLessThan(3);
    const refused = await started.ask("POST", "/functions/costly/replays", { version: 2 }, tokenOf("ada"));
    expect([refused.status, refused.body.type]).toEqual([429, expect.stringContaining("budget-spent")]);
    expect(refused.body.resetsAt).toMatch(/^\d{4}-\d\d-01T00:00:00/);
  });

  test("is counted in the metrics of usage as other runs are", async () => {
    const started = await api.start();
    await recorded(started, "metered", 2);
    await replay(started, "metered", { version: 1 });
    await runsOf(started, "function=metered&trigger=replay", 2);
    const { management } = started.runtime.ports;
    const metrics = await (await fetch(`http://127.0.0.1:${management}/metrics`)).text();
    const [, counted] =
      /^gaugelet_usage_billed_seconds_total\{[^}]*function="metered"[^}]*\} (\S+)$/m.exec(metrics) ?? [];
    const { body } = await started.ask("GET", "/usage?function=metered&group=function");
    expect(Number(counted)).toBeCloseTo(Number(body.items[0].billedSeconds), 9);
  });
});
