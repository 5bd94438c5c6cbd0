import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { type Language, SETUPS } from "./languages.ts";
import { WorkerUnderTest } from "./worker-under-test.ts";

const guide = readFileSync(new URL("../../../docs/guides/handlers.md", import.meta.url), "utf8");

/** Handlers that the guide shows whole. */
const examples = [...guide.matchAll(/^```(python|javascript|typescript)\n([\s\S]*?)^```/gm)]
  .map(([, language, source]) => ({ language: language as Language, source: source as string }))
  .filter(({ source }) => /\bhandler\(.*\n\s/.test(source));

let folder = "";
let worker: WorkerUnderTest | undefined;
afterEach(() => {
  worker?.close();
  if (folder !== "") rmSync(folder, { recursive: true, force: true });
});

test("the guide has an example in each language", () => {
  expect(new Set(examples.map(({ language }) => language))).toEqual(new Set(Object.keys(SETUPS)));
});

test.each(examples)("the guide's example runs: $language $source", async ({ language, source }) => {
  folder = mkdtempSync(join(tmpdir(), "gaugelet-guide-"));
  writeFileSync(join(folder, `usermodule${SETUPS[language].extension}`), source);
  worker = new WorkerUnderTest(SETUPS[language], folder);
  await worker.load("loaded");
  await worker.restore();
  expect(await worker.output({ cpu: 12.5 })).toEqual(
    source.includes("twice") ? { twice: 25 } : { average: 12.5 },
  );
});
