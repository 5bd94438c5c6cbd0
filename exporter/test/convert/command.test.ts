import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readConfiguration } from "../../src/configuration.ts";

const CONVERT = fileURLToPath(new URL("../../src/convert/main.ts", import.meta.url));
const PAGE = new URL("../../docs/from-json-exporter.md", import.meta.url);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "gaugelet-convert-"));
  await writeFile(
    join(folder, "json_exporter.yml"),
    'modules: { default: { metrics: [{ name: a, path: "{ .a }", help: h }] } }',
  );
});
afterAll(() => rm(folder, { recursive: true }));

/** The command that the page begins with, whose first word but one is the name of the script. */
async function documented(): Promise<string> {
  const command = /`(npm run [^`]*exporter:convert[^`]*)`/.exec(await readFile(PAGE, "utf8"))?.[1];
  if (command === undefined) throw new Error("the page has no command");
  return command;
}

test("the documented command, letter by letter, writes a configuration", async () => {
  const root = fileURLToPath(new URL("../../../", import.meta.url));
  // As it is typed in a shell; npm alone is told where the scripts are.
  const npm = `npm --prefix ${JSON.stringify(root)} run`;
  const name = /-- (\S+) > (\S+)$/.exec(await documented());
  const command = (await documented())
    .replace(/^npm run/, npm)
    .replace(` ${name?.[1]}`, ` ${join(folder, name?.[1] ?? "")}`)
    .replace(`> ${name?.[2]}`, `> ${join(folder, name?.[2] ?? "")}`);
  await promisify(execFile)("sh", ["-c", command]);
  const written = await readConfiguration(join(folder, "exporter.yaml"));
  expect([...written.modules.keys()]).toEqual(["default"]);
});

test("-o names the file instead", async () => {
  const output = join(folder, "other.yaml");
  const { stdout } = await promisify(execFile)(process.execPath, [
    CONVERT,
    join(folder, "json_exporter.yml"),
    "-o",
    output,
  ]);
  expect(stdout).toBe("");
  expect([...(await readConfiguration(output)).modules.keys()]).toEqual(["default"]);
});

test.each([[[]], [["a", "b"]], [["--to", "a"]]])("%j is told what was expected", async (args) => {
  const run = promisify(execFile)(process.execPath, [CONVERT, ...args]);
  await expect(run).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining("expected the path of a configuration of json_exporter, and -o FILE"),
  });
});
