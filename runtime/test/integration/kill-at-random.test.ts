import { setTimeout as sleep } from "node:timers/promises";
import { waitFor } from "@gaugelet/testing/wait";
import { expect, test } from "vitest";
import {
  type FunctionUnderTest,
  kill,
  outputOf,
  type ServingRuntime,
  startFunctions,
  workers,
  zygote,
} from "./functions.ts";
import { useRuntime } from "./harness.ts";

const runtime = useRuntime();

const SECONDS = 60;
/** Between two kills: time for the next process to be there, most times. */
const SHORTEST_PAUSE = 100;
const LONGEST_PAUSE = 500;
/** One kill in so many is that of the process that all workers are forked from. */
const ZYGOTE_EVERY = 12;
const ids = (count: number): number[] => Array.from({ length: count }, (_, id) => id);
const SHARDS = ids(8).map((number) => `s${number}`);

/** Keeps every id that it saw: of the keys' events and of the calls, each in the order in which they came. */
const PYTHON = `def handler(input, context):
    seen = context.env.setdefault("seen", {})
    seen.setdefault(input["source"], []).append(input["id"])
    return {"source": input["source"], "id": input["id"], "seen": {name: len(ids) for name, ids in seen.items()}}

def last(input, context):
    return handler(input, context) if "id" in input else {"seen": context.env.get("seen", {})}
`;
const JAVASCRIPT = `export async function last(input, context) {
  const seen = (context.env.seen ??= {});
  if (!("id" in input)) return { seen };
  (seen[input.source] ??= []).push(input.id);
  if (input.id % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  const lengths = Object.fromEntries(Object.entries(seen).map(([name, ids]) => [name, ids.length]));
  return { source: input.source, id: input.id, seen: lengths };
}
`;

const keyed = (pattern: string) => [{ redisKey: pattern, pollInterval: "500ms" }, { http: true }];
const FUNCTIONS: readonly FunctionUnderTest[] = [
  {
    name: "none",
    code: PYTHON,
    handler: "none.last",
    state: "none",
    workers: { min: 4, max: 4 },
    triggers: [{ http: true }],
  },
  { name: "counter", code: PYTHON, handler: "counter.last", triggers: keyed("counter-in:*") },
  {
    name: "shards",
    code: PYTHON,
    handler: "shards.last",
    state: "partition",
    workers: { min: 2, max: 2 },
    triggers: keyed("shards-in:*"),
  },
  {
    name: "script",
    code: JAVASCRIPT,
    handler: "script.last",
    language: "javascript",
    triggers: keyed("script-in:*"),
  },
  {
    name: "plain-script",
    code: JAVASCRIPT,
    handler: "plain_script.last",
    language: "javascript",
    state: "none",
    workers: { min: 2, max: 2 },
  },
];

/** One source of events, whose ids count up. An event follows when the one before it has been handled. */
interface Source {
  readonly name: string;
  readonly function: string;
  readonly shard: string;
  /** How many of its events were handled. */
  count: number;
}

/** Calls one after the other. What is told not to have been done is called again. @returns how often that was. */
async function makeCalls(started: ServingRuntime, source: Source, isOver: () => boolean): Promise<number> {
  let told = 0;
  while (!isOver()) {
    const event = { source: source.name, id: source.count };
    // Every other one over HTTP, the rest without its cost.
    const output = await (source.count % 2 === 0 ? post : callInside)(started, source, event);
    if (output === undefined) {
      told += 1;
      await sleep(SHORTEST_PAUSE);
      continue;
    }
    expect(output).toMatchObject(event);
    source.count += 1;
  }
  return told;
}

/** @returns the output; undefined where the answer is that the worker, or the one after it, ended. */
async function post(started: ServingRuntime, source: Source, event: object): Promise<unknown> {
  const query = source.shard === "" ? "" : `?shard=${source.shard}`;
  const { status, body } = await started.post(source.function, event, query);
  if (status === 502 || status === 503) return undefined;
  expect([status, body]).toMatchObject([200, {}]);
  return body;
}

async function callInside(started: ServingRuntime, source: Source, event: object): Promise<unknown> {
  const answer = await started.call(source.function, event, source.shard);
  return answer.outcome === "killed" || answer.outcome === "unavailable" ? undefined : outputOf(answer);
}

/** Writes a key, and again when its value has been stored as handled. */
async function writeKeys(source: Source, isOver: () => boolean): Promise<void> {
  const { client } = runtime.redis;
  const key = `${source.function}-in:${source.shard === "" ? source.name : source.shard}`;
  const outputKey = source.shard === "" ? source.function : `${source.function}:${source.shard}`;
  let before: string | null = null;
  while (!isOver()) {
    await client.set(key, JSON.stringify({ source: source.name, id: source.count }));
    before = await waitFor(`event ${source.count} of ${key}`, async () => {
      const position = await client.hget(`gaugelet:position:{${outputKey}}`, `redis:${key}`);
      return position !== before && position;
    });
    source.count += 1;
  }
}

/** Events that were put aside, since three workers ended under them: `function shard source id`. */
async function eventsPutAside(): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  for (const key of await runtime.redis.client.keys("gaugelet:dead:*")) {
    for (const [, fields] of await runtime.redis.client.xrange(key, "-", "+")) {
      const letter = new Map(
        fields.flatMap((name, at) => (at % 2 === 0 ? [[name, fields[at + 1] ?? ""]] : [])),
      );
      const { source, id } = JSON.parse(letter.get("event") ?? "") as { source: string; id: number };
      found.add([letter.get("outputKey"), source, id].join(" "));
    }
  }
  return found;
}

/** Kills a worker, or what they are forked from, again and again. @returns how many of each. */
async function killAtRandom(isOver: () => boolean): Promise<{ workers: number; zygotes: number }> {
  const killed = { workers: 0, zygotes: 0 };
  for (let turn = 1; !isOver(); turn += 1) {
    await sleep(SHORTEST_PAUSE + Math.random() * (LONGEST_PAUSE - SHORTEST_PAUSE));
    if (turn % ZYGOTE_EVERY === 0) {
      const pid = await zygote();
      if (pid !== undefined && kill(pid)) killed.zygotes += 1;
      continue;
    }
    const pids = await workers();
    const pid = pids[Math.floor(Math.random() * pids.length)];
    if (pid !== undefined && kill(pid)) killed.workers += 1;
  }
  return killed;
}

test(
  `workers killed at random for ${SECONDS} s under load lose no event`,
  async () => {
    const started = await startFunctions(runtime, FUNCTIONS);
    await waitFor("all workers", async () => (await workers()).length === 10);

    const source = (name: string, of: string, shard = ""): Source => ({
      name,
      function: of,
      shard,
      count: 0,
    });
    const callers = [
      ...["a", "b", "c", "d", "e", "f"].map((name) => source(name, "none")),
      ...["a", "b", "c"].map((name) => source(name, "counter")),
      ...["a", "b"].map((name) => source(name, "script")),
      ...["a", "b"].map((name) => source(name, "plain-script")),
      ...SHARDS.map((shard) => source("calls", "shards", shard)),
    ];
    const writers = [
      source("x", "counter"),
      source("y", "counter"),
      source("x", "script"),
      ...SHARDS.map((shard) => source("key", "shards", shard)),
    ];

    const end = performance.now() + SECONDS * 1000;
    const isOver = (): boolean => performance.now() >= end;
    const [killed, told] = await Promise.all([
      killAtRandom(isOver),
      Promise.all(callers.map((caller) => makeCalls(started, caller, isOver))),
      Promise.all(writers.map((writer) => writeKeys(writer, isOver))),
    ]);
    const sources = [...callers, ...writers];
    expect(killed.workers).toBeGreaterThan(20);
    expect(killed.zygotes).toBeGreaterThan(0);
    for (const { count } of sources) expect(count).toBeGreaterThan(20);
    // It is the exception: nearly every call succeeds, whatever is killed under it.
    const calls = callers.reduce((sum, { count }) => sum + count, 0);
    expect(told.reduce((sum, count) => sum + count)).toBeLessThan(calls / 20);

    const kept = ["counter", "script", ...SHARDS.map((shard) => `shards:${shard}`)];
    const expectAllSeen = async (serving: ServingRuntime): Promise<void> => {
      const putAside = await eventsPutAside();
      for (const outputKey of kept) {
        const [name = "", shard = ""] = outputKey.split(":");
        const { seen } = outputOf(await serving.call(name, {}, shard));
        const expected = sources
          .filter((each) => each.function === name && each.shard === shard)
          .map(({ name, count }): [string, number[]] => [
            name,
            ids(count).filter((id) => !putAside.has([outputKey, name, id].join(" "))),
          ]);
        expect(seen, outputKey).toEqual(Object.fromEntries(expected));
      }
    };
    await expectAllSeen(started);
    await started.stop();
    // What is stored is the same.
    await expectAllSeen(await startFunctions(runtime, FUNCTIONS));
  },
  (SECONDS + 60) * 1000,
);
