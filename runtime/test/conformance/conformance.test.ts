import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { type ConformanceCase, type Subject, sourcesOf } from "./case.ts";
import { CALLS } from "./cases/calls.ts";
import { CONTEXT } from "./cases/context.ts";
import { ENV } from "./cases/env.ts";
import { LOADING } from "./cases/loading.ts";
import { LOGS } from "./cases/logs.ts";
import { OUTPUTS } from "./cases/outputs.ts";
import { PROCESS } from "./cases/process.ts";
import { STREAM } from "./cases/stream.ts";
import { type Language, SETUPS } from "./languages.ts";
import { WorkerUnderTest } from "./worker-under-test.ts";

const AREAS: Readonly<Record<string, readonly ConformanceCase[]>> = {
  loading: LOADING,
  calls: CALLS,
  outputs: OUTPUTS,
  context: CONTEXT,
  env: ENV,
  logs: LOGS,
  stream: STREAM,
  process: PROCESS,
};

const cleanUps: (() => void)[] = [];
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0).reverse()) cleanUp();
});

describe.each(Object.entries(AREAS))("%s", (_area, cases) => {
  const runs = cases.flatMap((each) =>
    sourcesOf(each).map(([language, source]) => ({ each, language, source })),
  );

  test.each(runs.map((run) => [run.each.name, run.language, run] as const))(
    "%s: %s",
    async (_name, _of, run) => {
      const subject = begin(run.each, run.language, run.source);
      if (run.each.isLoaded !== false) {
        await subject.worker.load("loaded");
        await subject.worker.restore();
      }
      await run.each.run(subject);
    },
  );

  test("a case that leaves a language out says why", () => {
    const silent = cases.filter((each) => sourcesOf(each).length < 3 && each.because === undefined);
    expect(silent.map(({ name }) => name)).toEqual([]);
  });
});

function begin(each: ConformanceCase, language: Language, source: string): Subject {
  const folder = mkdtempSync(join(tmpdir(), "gaugelet-conformance-"));
  cleanUps.push(() => rmSync(folder, { recursive: true, force: true }));
  const write: Subject["write"] = (name, content) => {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    return path;
  };
  const another: Subject["another"] = (environment = {}) => {
    const worker = new WorkerUnderTest(SETUPS[language], folder, { ...each.environment, ...environment });
    cleanUps.push(() => worker.close());
    return worker;
  };
  const file = write(`usermodule${SETUPS[language].extension}`, source);
  return { worker: another(), language, file, write, another };
}
