import { afterEach, describe, expect, test } from "vitest";
import { AREAS } from "./areas.ts";
import { begin } from "./begin.ts";
import { sourcesOf } from "./case.ts";

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
      const subject = begin(run.each, run.language, run.source, cleanUps);
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
