import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { ConformanceCase, Subject } from "./case.ts";
import { type Language, SETUPS } from "./languages.ts";
import { type StartWorker, WorkerUnderTest } from "./worker-under-test.ts";

/** A function's folder, and a worker in it that has not loaded it. @param cleanUps gets what undoes it. */
export function begin(
  each: ConformanceCase,
  language: Language,
  source: string,
  cleanUps: (() => void)[],
  start?: StartWorker,
): Subject {
  const folder = mkdtempSync(join(tmpdir(), "gaugelet-conformance-"));
  cleanUps.push(() => rmSync(folder, { recursive: true, force: true }));
  const write: Subject["write"] = (name, content) => {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    return path;
  };
  const another: Subject["another"] = (environment = {}) => {
    const worker = new WorkerUnderTest(
      SETUPS[language],
      folder,
      { ...each.environment, ...environment },
      start,
    );
    cleanUps.push(() => worker.close());
    return worker;
  };
  const file = write(`usermodule${SETUPS[language].extension}`, source);
  return { worker: another(), language, file, write, another };
}
