import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readLocalFunction } from "../src/folder/manifest.ts";
import { readFolder } from "../src/folder/read-folder.ts";
import { filesOf, zipOf } from "../src/folder/zips.ts";
import { command } from "./command.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "gaugelet-cli-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function write(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(join(folder, path, ".."), { recursive: true });
    await writeFile(join(folder, path), content);
  }
}

test("a folder is packed without what is ignored, usually or by its own rules", async () => {
  await write({
    "handler.py": "1",
    "lib/util.py": "2",
    "lib/__pycache__/util.pyc": "x",
    ".env": "SECRET=1",
    "node_modules/a/index.js": "x",
    "data/big.csv": "x",
    "data/small.csv": "3",
    "notes.txt": "x",
    "function.yaml": "name: f",
    ".gitignore": "notes.txt\ndata/\n",
    ".gaugeletignore": "!data/\ndata/big.csv\n",
  });
  await symlink("/etc/passwd", join(folder, "link"));
  const skipped: string[] = [];
  const files = await readFolder(folder, (path) => skipped.push(path));
  expect([...files.keys()]).toEqual(["data/small.csv", "handler.py", "lib/util.py"]);
  expect(skipped).toEqual(["link"]);
});

test("a zip has the same bytes for the same files, and gives them back", async () => {
  await write({ "handler.py": "print('ä')", "lib/a.bin": "\0\u0001" });
  const files = await readFolder(folder, () => {});
  const zip = await zipOf(files);
  expect(await zipOf(files)).toEqual(zip);
  expect(await filesOf(zip)).toEqual(files);
});

test("a manifest's source is where the code is, and is not sent", async () => {
  await write({
    "function.yaml": "name: f\nhandler: main.handler\nsource: src\n",
    "src/main.py": "x",
    "other.py": "y",
  });
  const { name, manifest, files } = await readLocalFunction(folder, () => {});
  expect({ name, manifest }).toEqual({ name: "f", manifest: { handler: "main.handler" } });
  expect([...files.keys()]).toEqual(["main.py"]);
});

test.each([
  [{}, /function\.yaml: there is none; make one with: gaugelet init/],
  [{ "function.yaml": "handler: a.b" }, /name: expected the function's name/],
  [{ "function.yaml": "- a" }, /expected name, handler and triggers/],
  [{ "function.yaml": "a: [" }, /function\.yaml/],
  [{ "function.yaml": "name: f\nsource: https://example.org/f.zip" }, /source: expected a file or a folder/],
  [{ "function.yaml": "name: f\nsource: missing" }, /missing does not exist/],
  [{ "function.yaml": "name: f" }, /has no file to deploy/],
])("a folder with %j cannot be deployed, and it is said why", async (files, says) => {
  await write(files as Record<string, string>);
  const { code, error, out } = await command(["deploy"], { folder });
  expect(error).toMatch(says);
  expect({ code, out }).toEqual({ code: 1, out: "" });
});

test("what is no folder is said to be none", async () => {
  await write({ file: "x" });
  expect(await command(["deploy", "file"], { folder })).toEqual({
    code: 1,
    out: "",
    error: `${join(folder, "file")} is no folder; expected one with a function.yaml\n`,
  });
});

describe("init", () => {
  test.each([
    [["Weird Name"], "weird-name", "'Weird Name'"],
    [["--", "--x"], "x", "-- --x"],
  ])("%j says how to deploy it, in words for a shell", async (args, name, words) => {
    const { out, code } = await command(["init", ...args], { folder });
    expect(out).toMatch(new RegExp(`^function ${name} made in`));
    expect(out.split("\n")[1]).toBe(`next: gaugelet deploy ${words}`);
    expect(code).toBe(0);
  });

  test("a folder that cannot be made is said so", async () => {
    await write({ file: "x" });
    const { code, error } = await command(["init", "file/f"], { folder });
    expect({ code, error }).toEqual({
      code: 1,
      error: expect.stringMatching(/file\/f cannot be written: ENOTDIR/),
    });
  });

  test.each(["moving-average", "anomaly", "webhook", "topic"])(
    "makes %s, in Python and in TypeScript",
    async (template) => {
      for (const [language, file] of [
        ["python", "handler.py"],
        ["typescript", "handler.ts"],
      ] as const) {
        const args = ["init", `my-${language}`, "--template", template, "--language", language];
        const { code, out } = await command(args, { folder });
        expect(out).toBe(
          `function my-${language} made in ${join(folder, `my-${language}`)}: function.yaml, ${file}\nnext: gaugelet deploy my-${language}\n`,
        );
        expect(code).toBe(0);
        const made = await readLocalFunction(join(folder, `my-${language}`), () => {});
        expect(made).toMatchObject({
          name: `my-${language}`,
          manifest: { language, handler: "handler.handler" },
        });
        expect([...made.files.keys()]).toEqual([file]);
      }
    },
  );

  test("writes over nothing, and wants a name that is one", async () => {
    await write({ "handler.py": "mine" });
    const taken = await command(["init"], { folder });
    expect(taken).toEqual({
      code: 1,
      out: "",
      error: `${join(folder, "handler.py")} exists; choose another folder\n`,
    });
    expect(await readFile(join(folder, "handler.py"), "utf8")).toBe("mine");
    const named = await command(["init", "x", "--name", "A B"], { folder });
    expect(named).toMatchObject({ code: 2, error: expect.stringContaining("A B is no function's name") });
    const unknown = await command(["init", "x", "--template", "magic"], { folder });
    expect(unknown).toMatchObject({
      code: 2,
      error: expect.stringContaining("Allowed choices are moving-average"),
    });
  });
});
