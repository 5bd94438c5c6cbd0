import { readFile, writeFile } from "node:fs/promises";
import { PassThrough } from "node:stream";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { EXIT_CODES } from "../src/failure.ts";
import { gaugeletProgram } from "../src/program.ts";
import { referenceOf } from "../src/reference.ts";

const PAGE = fileURLToPath(new URL("../../docs/reference/cli.md", import.meta.url));
const HEADING = "## Commands\n\n";

/** With `UPDATE_CLI_REFERENCE=1` the page is written anew. */
test("the page of the command line is what its help says", async () => {
  const stream = new PassThrough();
  const world = { environment: {}, folder: "/", input: stream, out: stream, error: stream };
  const reference = referenceOf(gaugeletProgram(world).program);
  const page = await readFile(PAGE, "utf8");
  const [before = "", after = ""] = page.split(HEADING);
  if (process.env.UPDATE_CLI_REFERENCE) await writeFile(PAGE, before + HEADING + reference);
  else expect(after).toBe(reference);
  for (const code of Object.values(EXIT_CODES)) expect(before).toMatch(new RegExp(`^\\| ${code} +\\|`, "m"));
});
