import { readFile } from "node:fs/promises";
import { waitFor } from "@gaugelet/testing/wait";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { attack, bearings, type Result } from "./attack.ts";
import { type Expected, type HostileCase, nameOf } from "./case.ts";
import { CORPUS } from "./corpus.ts";
import { Neighbours } from "./neighbours.ts";
import { isPossible, isRoot, type Position } from "./position.ts";
import { SHARED_FOLDERS, type Stage, setStage } from "./stage.ts";
import { removeSystemVObjects, sweep, type Traces, tracesOf } from "./traces.ts";

/** Where it makes no difference whether the runtime may change users: run once, where it may. */
const ALIKE: readonly (keyof typeof CORPUS)[] = [
  "Time",
  "The way to the runtime",
  "Values",
  "Its own process",
];
/** From this time on the neighbours must have gone on during the call itself. */
const LONG_SECONDS = 1;
/** Generous: only a runtime that is gone takes so long. */
const PATIENCE_MILLISECONDS = 20_000;

/** What a case is expected to come to in a position. */
function expectedIn({ level, runtime }: Position, hostile: HostileCase): Expected {
  if (level === "microvm") return hostile.microvm ?? hostile.sandbox;
  if (level === "sandbox") return hostile.sandbox;
  return runtime === "ordinary" ? (hostile.shared ?? hostile.process) : hostile.process;
}

/** Whether a case is for that level: machines run no JavaScript. */
function isFor({ level }: Position, { file }: HostileCase): boolean {
  return level !== "microvm" || !file.endsWith(".mjs");
}

/**
 * Run all hostile functions in one position, one after the other, against one runtime.
 *
 * @param canBe whether there is what the level takes.
 * @param some areas of the corpus, where others are run elsewhere.
 */
export function describeHostility(
  title: string,
  position: Position,
  canBe = true,
  some: readonly (keyof typeof CORPUS)[] = Object.keys(CORPUS) as (keyof typeof CORPUS)[],
): void {
  describe.skipIf(!canBe || !isPossible(position))(title, () => {
    let stage: Stage;
    let neighbours: Neighbours;
    let event: object;
    let before: Traces;
    let hasGroups = false;
    let isSpoilt = false;

    const begin = async (): Promise<void> => {
      stage = await setStage(position);
      await removeSystemVObjects(stage);
      neighbours = new Neighbours(stage);
      neighbours.start();
      await neighbours.progress();
      await neighbours.stop();
      before = await settled(stage);
      hasGroups = before.groups > 0;
      event = await bearings(stage);
    };
    beforeAll(begin);
    beforeEach(async () => {
      // What a case that failed has done to the runtime must not fail those after it.
      if (isSpoilt || !(await isUp(stage))) {
        await stage.stop();
        await begin();
      }
      isSpoilt = true;
    });
    afterAll(async () => {
      if (stage === undefined) return;
      await stage.stop();
      await sweep(stage.token);
    });

    const areas = Object.entries(CORPUS).filter(
      ([area]) =>
        some.includes(area as keyof typeof CORPUS) &&
        (position.runtime === "root" || !isRoot || !ALIKE.includes(area as keyof typeof CORPUS)),
    );
    describe.each(areas)("%s", (_what, cases) => {
      test.each(
        cases.filter((each) => isFor(position, each)).map((hostile) => [nameOf(hostile), hostile] as const),
      )("%s", async (_name, hostile) => {
        const expected = expectedIn(position, hostile);
        neighbours.start();
        let result: Result | undefined;
        try {
          for (let call = 0; call < (hostile.calls ?? 1); call += 1) {
            if (call > 0) await workerGone(stage, nameOf(hostile));
            const handled = { ...neighbours.handled };
            result = await attack(stage, hostile, event);
            if (result.seconds > LONG_SECONDS) {
              expect(neighbours.handled.http).toBeGreaterThan(handled.http);
              expect(neighbours.handled.key).toBeGreaterThan(handled.key);
            }
          }
          await neighbours.progress();
        } finally {
          // Throws where an event of a neighbour was lost, counted twice or answered wrongly.
          await neighbours.stop();
        }
        if (result === undefined) throw new Error("it was not called");
        await expectUp(stage);
        const isHeld = hasGroups || position.level === "microvm";
        if (hostile.needsGroup !== true || isHeld || expected === hostile.shared) {
          await expectResult(result, expected);
        }
        await expectNothingSeen(stage, result, expected);
        const places = await sweep(stage.token);
        await expectNothingLeft(stage, before, expected);
        if (position.level !== "process") expect(places).toEqual([]);
        else if (hostile.file === "write_outside.py") expect(places).toEqual(SHARED_FOLDERS);
        isSpoilt = false;
      });
    });
  });
}

async function expectResult(result: Result, expected: Expected): Promise<void> {
  const { outcome = "ok", says, limit, could = [], may = [], logs } = expected;
  const context = `${result.outcome}: ${result.detail} ${JSON.stringify(result.why ?? {})} ${result.text.slice(0, 300)}`;
  expect([outcome].flat(), context).toContain(result.outcome);
  expect(
    result.could.filter((each) => !may.includes(each)),
    context,
  ).toEqual(could);
  if (says !== undefined) expect(result.detail).toMatch(says);
  if (limit !== undefined) {
    await waitFor(`a line of the log that names the limit ${limit}`, () =>
      result.lines().some((line) => line.limit === limit),
    );
  }
  if (logs !== undefined) {
    await waitFor(`a line of the log like ${logs}`, () => result.lines().some(({ msg }) => logs.test(msg)));
  }
}

/** The secrets of others are neither in what the caller got nor in anything that the runtime wrote. */
async function expectNothingSeen(stage: Stage, result: Result, { seesSecret }: Expected): Promise<void> {
  const found = stage.secrets.filter((secret) => result.text.includes(secret));
  if (seesSecret) expect(found).not.toEqual([]);
  else expect(found).toEqual([]);
  expect(stage.secrets.filter((secret) => stage.written().includes(secret))).toEqual([]);
}

async function isUp({ ports }: Stage): Promise<boolean> {
  const url = `http://127.0.0.1:${ports.management}/healthz`;
  const response = await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MILLISECONDS) }).catch(
    () => undefined,
  );
  return response?.status === 200;
}

async function expectUp(stage: Stage): Promise<void> {
  expect(await isUp(stage)).toBe(true);
  const { ports, pids } = stage;
  const metrics = await (await fetch(`http://127.0.0.1:${ports.management}/metrics`)).text();
  expect(metrics).not.toMatch(/ (NaN|-\d|[+-]?Inf)/);
  expect(await readFile(`/proc/${pids.zygote}/cmdline`, "utf8")).toContain("gaugelet_worker");
}

/** The neighbours' workers are those of the beginning, and of all other workers there is nothing. */
async function expectNothingLeft(stage: Stage, before: Traces, { leavesSystemV }: Expected): Promise<void> {
  let after: Traces | undefined;
  await waitFor("the end of all that was started", async () => {
    const traces = await tracesOf(stage);
    after = leavesSystemV ? { ...traces, systemV: before.systemV } : traces;
    return JSON.stringify(after) === JSON.stringify(before);
  }).catch(() => {});
  await removeSystemVObjects(stage);
  expect(after).toEqual(before);
}

/** What there is when only the two neighbours' workers are there. */
async function settled(stage: Stage): Promise<Traces> {
  await workerGone(stage, "newcomer");
  // A sandboxed worker has the first process of its namespace besides, and the zygote sits in one more group.
  const processes = stage.position.level === "sandbox" ? 4 : 2;
  return await waitFor("the neighbours to be alone", async () => {
    const traces = await tracesOf(stage);
    const isAlone = traces.processes.length === processes && [0, 3].includes(traces.groups);
    return isAlone ? traces : undefined;
  });
}

async function workerGone({ ports }: Stage, name: string): Promise<void> {
  const series = `gaugelet_workers{function="${name}",state="ready"} 0`;
  await waitFor(`the end of ${name}'s worker`, async () => {
    const metrics = await (await fetch(`http://127.0.0.1:${ports.management}/metrics`)).text();
    return metrics.includes(series);
  });
}
