import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { PackageError } from "../../src/packages/package.ts";
import { unpackZip } from "../../src/packages/zip.ts";
import { makeZip, type ZipEntry } from "./zips.ts";

const LINK = 0o120777;
const MEBIBYTE = 1024 ** 2;

let outer: string;
let folder: string;
beforeEach(async () => {
  outer = await mkdtemp(join(tmpdir(), "gaugelet-zip-"));
  folder = join(outer, "packages", "0123");
});
afterEach(() => rm(outer, { recursive: true }));

/** What is below the outer folder, so that nothing is left and nothing is written beside it. */
async function everything(): Promise<string[]> {
  const entries = await readdir(outer, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(outer.length + 1))
    .sort();
}

async function refusal(zip: Buffer): Promise<string> {
  const error = await unpackZip(zip, "code.zip", folder).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(PackageError);
  expect(await everything()).toEqual([]);
  return (error as PackageError).message;
}

const good: ZipEntry[] = [
  { name: "usermodule.py", content: "import package.part\n" },
  { name: "package/", content: "", mode: 0o040755, stored: true },
  { name: "package/__init__.py", content: "", stored: true },
  { name: "package/part.py", content: "größe = 1\n" },
  { name: "daten/größe.csv", content: "1,2\n", stored: true },
];

describe("a zip", () => {
  test("is unpacked with its folders", async () => {
    await unpackZip(makeZip(good), "code.zip", folder);
    expect(await everything()).toEqual([
      "packages/0123/daten/größe.csv",
      "packages/0123/package/__init__.py",
      "packages/0123/package/part.py",
      "packages/0123/usermodule.py",
    ]);
    expect(await readFile(join(folder, "package/part.py"), "utf8")).toBe("größe = 1\n");
  });

  test("may be empty", async () => {
    await unpackZip(makeZip([]), "code.zip", folder);
    expect(await readdir(folder)).toEqual([]);
  });

  test("gives files that cannot be executed, whatever it says", async () => {
    await unpackZip(makeZip([{ name: "run.sh", content: "", mode: 0o104777 }]), "code.zip", folder);
    expect((await stat(join(folder, "run.sh"))).mode & 0o7777).toBe(0o644);
  });

  test("is unpacked once: a folder that is there is the same content", async () => {
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, "mark"), "");
    await unpackZip(makeZip(good), "code.zip", folder);
    expect(await readdir(folder)).toEqual(["mark"]);
  });

  test("may be unpacked by several at the same time", async () => {
    const zip = makeZip(good);
    await Promise.all(Array.from({ length: 5 }, () => unpackZip(zip, "code.zip", folder)));
    expect(await everything()).toHaveLength(4);
    expect(await readdir(join(outer, "packages"))).toEqual(["0123"]);
  });
});

describe("what is no zip is refused, and nothing of it stays", () => {
  const whole = makeZip(good);

  test.each([
    ["nothing", Buffer.alloc(0)],
    ["text", Buffer.from("def handler(input, context): pass\n")],
    ["noise", Buffer.alloc(1000, 7)],
    ["only its beginning", whole.subarray(0, 40)],
    ["all but its last byte", whole.subarray(0, -1)],
    ["all but its first byte", whole.subarray(1)],
    ["a hole in it", Buffer.concat([whole.subarray(0, 30), whole.subarray(60)])],
  ])("%s", async (_, bytes) => {
    expect(await refusal(bytes)).toMatch(/^code\.zip is not a zip that can be used: ./);
  });

  test("wherever it ends too early", async () => {
    for (let end = 0; end < whole.length; end += 13) await refusal(whole.subarray(0, end));
  });
});

describe("an entry is refused, and nothing of the zip stays", () => {
  test.each<[string, ZipEntry, RegExp]>([
    ["that leads out of the folder", { name: "../evil.py" }, /invalid relative path: \.\.\/evil\.py/],
    ["that leads out from within", { name: "package/../../evil.py" }, /invalid relative path/],
    ["that leads out with backslashes", { name: "..\\evil.py" }, /invalid relative path/],
    ["that is a folder outside", { name: "../evil/", mode: 0o040755 }, /invalid relative path/],
    ["with an absolute name", { name: "/tmp/gaugelet-evil.py" }, /absolute path: \/tmp\/gaugelet-evil\.py/],
    ["with a drive", { name: "C:\\evil.py" }, /absolute path/],
    ["that is a link", { name: "link", content: "/etc/passwd", mode: LINK }, /link is a link$/],
    [
      "that is a link to a folder",
      { name: "package/up", content: "..", mode: LINK },
      /package\/up is a link$/,
    ],
    [
      "that is damaged",
      { name: "a.py", content: "x = 1", stored: true, statedChecksum: 1 },
      /a\.py is damaged$/,
    ],
    ["that is damaged inside", { name: "a.py", content: "x = 1", statedChecksum: 1 }, /a\.py is damaged$/],
    [
      "that is longer than stated",
      { name: "a.py", content: "x".repeat(5000), statedSize: 10 },
      /too many bytes/,
    ],
    ["that is shorter than stated", { name: "a.py", content: "x", statedSize: 10 }, /not enough bytes/],
    ["that is encrypted", { name: "a.py", content: "x", flags: 1 }, /encrypted/],
    [
      "packed in a way that is not known",
      { name: "a.py", content: "x", method: 99 },
      /unsupported compression/,
    ],
    ["with a name that is too long", { name: `${"x".repeat(300)}.py` }, /ENAMETOOLONG/],
  ])("%s", async (_, entry, reason) => {
    const message = await refusal(makeZip([...good, { content: "1", ...entry }]));
    expect(message).toMatch(/^code\.zip is not a zip that can be used: /);
    expect(message).toMatch(reason);
  });

  test("that is a file where another is a folder", async () => {
    expect(
      await refusal(
        makeZip([
          { name: "a", content: "1" },
          { name: "a/b.py", content: "1" },
        ]),
      ),
    ).toMatch(/EEXIST|ENOTDIR/);
  });
});

describe("a bomb does not go off", () => {
  test("of one entry", async () => {
    const content = Buffer.alloc(257 * MEBIBYTE);
    expect(await refusal(makeZip([{ name: "a", content }]))).toMatch(
      /it is larger than 268435456 bytes unpacked$/,
    );
  });

  test("of many entries that are together too large", async () => {
    const content = Buffer.alloc(60 * MEBIBYTE);
    const entries = ["a", "b", "c", "d", "e"].map((name) => ({ name, content }));
    expect(await refusal(makeZip(entries))).toMatch(/it is larger than 268435456 bytes unpacked$/);
  });

  test("of very many entries", async () => {
    const entries = Array.from({ length: 10_001 }, (_, index) => ({ name: `${index}`, stored: true }));
    expect(await refusal(makeZip(entries))).toMatch(/it has more than 10000 entries$/);
  });
});
