import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type CodeOnDisk, PackageError } from "../../src/packages/package.ts";
import { type FreeSource, preparePackage } from "../../src/packages/prepare.ts";
import { functionZip } from "./zips.ts";

const HANDLER = "def handler(input, context):\n    return {}\n";

let folder: string;
let state: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "gaugelet-package-"));
  state = join(folder, "state");
  await mkdir(join(folder, "code"));
});
afterEach(() => rm(folder, { recursive: true }));

function prepare(source: FreeSource): Promise<CodeOnDisk> {
  return preparePackage(source, state);
}

/** Write a file below the code folder. */
async function write(name: string, content: string | Buffer = HANDLER): Promise<string> {
  const path = join(folder, "code", name);
  await mkdir(join(path, ".."), { recursive: true });
  await writeFile(path, content);
  return path;
}

async function refusal(source: FreeSource): Promise<string> {
  const error: unknown = await prepare(source).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(PackageError);
  return (error as PackageError).message.replaceAll(folder, "FOLDER");
}

describe("a file", () => {
  test("is used where it is, with the folder that its siblings are in", async () => {
    const path = await write("my-function.py");
    expect(await prepare({ kind: "path", path })).toEqual({
      directory: join(folder, "code"),
      file: path,
      version: expect.stringMatching(/^[0-9a-f]{12}$/),
    });
  });

  test("has a new version when it or a module beside it changes, and else the same", async () => {
    const path = await write("usermodule.py");
    const version = async (): Promise<string> => (await prepare({ kind: "path", path })).version;
    const first = await version();
    await write("README.md", "not code");
    await write(".#usermodule.py", "an editor's");
    expect(await version()).toBe(first);
    await write("sibling.py", "x = 1\n");
    const second = await version();
    await write("sibling.py", "x = 2\n");
    const third = await version();
    await write("usermodule.py", `${HANDLER}\n`);
    const fourth = await version();
    await write("package.json", '{"type":"module"}');
    const versions = new Set([first, second, third, fourth, await version()]);
    expect(versions.size).toBe(5);
  });

  test("that is empty, missing or cannot be read is told with what to do", async () => {
    const empty = await write("empty.py", "");
    expect(await refusal({ kind: "path", path: empty })).toBe(
      "FOLDER/code/empty.py is empty; it should define def handler(input, context)",
    );
    for (const name of ["empty.js", "empty.mts"]) {
      expect(await refusal({ kind: "path", path: await write(name, "") })).toBe(
        `FOLDER/code/${name} is empty; it should define export function handler(input, context)`,
      );
    }
    expect(await refusal({ kind: "path", path: join(folder, "missing.py") })).toBe(
      "FOLDER/missing.py does not exist; put the function there or set FUNCTION_FILE, FUNCTION_ZIP or source",
    );
    // Not by its mode, which root may ignore.
    await symlink("loop.py", join(folder, "loop.py"));
    expect(await refusal({ kind: "path", path: join(folder, "loop.py") })).toMatch(
      /^FOLDER\/loop\.py does not/,
    );
  });
});

describe("a folder", () => {
  test("is used where it is", async () => {
    await write("handler.py");
    expect(await prepare({ kind: "path", path: join(folder, "code") })).toMatchObject({
      directory: join(folder, "code"),
      file: null,
    });
  });

  test("has a new version when code below it is changed, renamed, added or removed", async () => {
    const version = async (): Promise<string> =>
      (await prepare({ kind: "path", path: join(folder, "code") })).version;
    const seen = [await version()];
    await write("handler.py");
    seen.push(await version());
    await write("package/part.py", "x = 1\n");
    seen.push(await version());
    await write("package/part.py", "x = 2\n");
    seen.push(await version());
    await rm(join(folder, "code/package"), { recursive: true });
    await write("other/part.py", "x = 2\n");
    seen.push(await version());
    for (const name of [
      "a.js",
      "a.mjs",
      "a.cjs",
      "a.ts",
      "a.mts",
      "a.cts",
      "package.json",
      "requirements.txt",
    ]) {
      await write(`other/${name}`, "");
      seen.push(await version());
    }
    expect(new Set(seen).size).toBe(seen.length);
  });

  test("keeps its version whatever is in it that is no code", async () => {
    await write("handler.py");
    const { version } = await prepare({ kind: "path", path: join(folder, "code") });
    await write("__pycache__/handler.cpython-311.py", "x");
    await write("package/__pycache__/x.py", "x");
    await write(".git/config.txt", "x");
    await write(".venv/lib/python3.11/site-packages/requests.py", "x");
    await write("handler.py~", "x");
    await write("notes.md", "x");
    await write("data.csv", "1,2\n");
    await write("data.json", "{}");
    await write("node_modules/left-pad/index.js", "x");
    await write("node_modules/left-pad/package.json", "{}");
    await write("tools/pyvenv.cfg", "");
    await write("tools/lib/requests.py", "x");
    await mkdir(join(folder, "code/folder.py"));
    await symlink("user@host.4711:1", join(folder, "code/.#handler.py"));
    expect((await prepare({ kind: "path", path: join(folder, "code") })).version).toBe(version);
  });

  test("that is a ConfigMap, whose files are links, has its version", async () => {
    await write("..2026_11_21/handler.py", "x = 1\n");
    await write("..2026_11_22/handler.py", "x = 2\n");
    const code = join(folder, "code");
    await symlink("..2026_11_21", join(code, "..data"));
    await symlink("..data/handler.py", join(code, "handler.py"));
    const before = await prepare({ kind: "path", path: code });
    await rm(join(code, "..data"));
    await symlink("..2026_11_22", join(code, "..data"));
    expect((await prepare({ kind: "path", path: code })).version).not.toBe(before.version);
  });

  test("with a file that cannot be read has a version all the same, by the file's name", async () => {
    await write("handler.py");
    const { version } = await prepare({ kind: "path", path: join(folder, "code") });
    await symlink("nowhere", join(folder, "code/lost.py"));
    expect((await prepare({ kind: "path", path: join(folder, "code") })).version).not.toBe(version);
  });
});

describe("a zip", () => {
  test("on the disk is unpacked into the state folder, by its content", async () => {
    const path = await write("code.zip", functionZip());
    const first = await prepare({ kind: "path", path });
    expect(first).toEqual({
      directory: expect.stringMatching(/\/packages\/[0-9a-f]{64}$/),
      file: null,
      version: expect.stringMatching(/^[0-9a-f]{12}$/),
    });
    expect(first.directory).toContain(join(state, "packages", first.version));
    expect(await readFile(join(first.directory, "usermodule.py"), "utf8")).toBe(HANDLER);
    expect(await prepare({ kind: "path", path })).toEqual(first);
    await write("code.zip", functionZip("x = 1\n"));
    expect((await prepare({ kind: "path", path })).directory).not.toBe(first.directory);
  });

  test("that is none is told by its name", async () => {
    const path = await write("code.zip", "text");
    expect(await refusal({ kind: "path", path })).toMatch(
      /^FOLDER\/code\/code\.zip is not a zip that can be used: ./,
    );
  });

  test("is taken from base64 text, also in lines and in the alphabet of URLs", async () => {
    // Long enough for every digit of both alphabets.
    const zip = functionZip(`# ${"ÿþýüûúùø".repeat(200)}\n${HANDLER}`);
    const standard = zip.toString("base64");
    const sources = [
      standard,
      standard.replace(/.{76}/g, "$&\r\n"),
      ` \n${standard}\n`,
      zip.toString("base64url"),
    ];
    const found = await Promise.all(sources.map((text) => prepare({ kind: "base64", text })));
    expect(new Set(found.map(({ directory }) => directory)).size).toBe(1);
  });

  test.each(["UEsDB!", "UEsDB===", "UEs=DBA", ""])(
    "is refused from base64 text that is none: %j",
    async (text) => {
      expect(await refusal({ kind: "base64", text })).toBe(
        "the base64 text has characters that are not base64",
      );
    },
  );

  test("is refused from base64 text of something else, which is not told", async () => {
    const text = functionZip().subarray(0, 50).toString("base64");
    const message = await refusal({ kind: "base64", text });
    expect(message).toMatch(/^the base64 text is not a zip that can be used: ./);
    expect(message).not.toContain(text.slice(0, 8));
  });

  test("is refused where the state folder cannot be written", async () => {
    await writeFile(state, "a file");
    const path = await write("code.zip", functionZip());
    expect(await refusal({ kind: "path", path })).toMatch(
      /^FOLDER\/state\/packages cannot be made: ENOTDIR.*; set GAUGELET_STATE_DIR to a folder of this user's own/,
    );
  });
});
