import { readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { PackageError } from "../../src/packages/package.ts";
import { UPLOAD_LIMITS, type UploadLimits } from "../../src/packages/upload/limits.ts";
import { digestOf, packFiles } from "../../src/packages/upload/pack.ts";
import { filesOfUpload, filesOfZip, type PackageFiles } from "../../src/packages/upload/upload-files.ts";
import { unpackZip } from "../../src/packages/zip.ts";
import { makeZip, type ZipEntry } from "./zips.ts";

const never = AbortSignal.any([]);

async function unzip(
  entries: readonly ZipEntry[],
  limits: Partial<UploadLimits> = {},
): Promise<PackageFiles> {
  return filesOfZip(makeZip(entries), "the zip", { ...UPLOAD_LIMITS, ...limits }, never);
}

function take(files: Readonly<Record<string, string>>, limits: Partial<UploadLimits> = {}): PackageFiles {
  const contents = new Map(Object.entries(files).map(([path, content]) => [path, Buffer.from(content)]));
  return filesOfUpload(contents, { ...UPLOAD_LIMITS, ...limits });
}

async function refusal(outcome: Promise<unknown>): Promise<string> {
  const error: unknown = await outcome.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(PackageError);
  return (error as PackageError).message;
}

describe("a zip that is uploaded", () => {
  test("is read with its folders, without what tools leave behind", async () => {
    const files = await unzip([
      { name: "lib/", mode: 0o040755, stored: true },
      { name: "lib/größe.py", content: "x = 1\n" },
      { name: "a.py", content: "" },
      { name: "__pycache__/a.cpython-311.pyc", content: "1" },
      { name: "__MACOSX/._a.py", content: "1" },
      { name: "lib/.DS_Store", content: "1" },
    ]);
    expect([...files].map(([path, content]) => [path, content.toString()])).toEqual([
      ["a.py", ""],
      ["lib/größe.py", "x = 1\n"],
    ]);
  });

  test.each<[string, ZipEntry, RegExp]>([
    ["leads out of it", { name: "../evil.py" }, /invalid relative path: \.\.\/evil\.py$/],
    ["is absolute", { name: "/tmp/evil.py" }, /absolute path: \/tmp\/evil\.py$/],
    ["has a drive", { name: "C:/evil.py" }, /absolute path/],
    ["has a backslash", { name: "lib\\evil.py" }, /invalid characters in fileName: lib\\evil\.py$/],
    [
      "has a null byte",
      { name: "a.py\0.txt" },
      /"a\.py\\u0000\.txt" is refused: its name has a control character$/,
    ],
    ["has a line break", { name: "a\nb.py" }, /"a\\nb\.py" is refused: its name has a control character$/],
    ["has an empty part", { name: "lib//a.py" }, /"lib\/\/a\.py" is refused: its name has an empty part/],
    [
      "has a dot as a part",
      { name: "./a.py" },
      /"\.\/a\.py" is refused: its name has an empty part or a dot/,
    ],
    [
      "is too long",
      { name: `${"x".repeat(256)}.py` },
      /is refused: its name has a part of more than 255 bytes$/,
    ],
    ["is a link", { name: "link", content: "/etc/passwd", mode: 0o120777 }, /link is a link$/],
    ["is a device", { name: "null", mode: 0o020666 }, /null is neither a file nor a folder$/],
    ["is a pipe", { name: "pipe", mode: 0o010666 }, /pipe is neither a file nor a folder$/],
    [
      "is encrypted",
      { name: "a.py", content: "x", flags: 1 },
      /a\.py is encrypted: pack it without a password$/,
    ],
    ["is damaged", { name: "a.py", content: "x", statedChecksum: 1 }, /a\.py is damaged$/],
    ["is there twice", { name: "good.py" }, /"good\.py" is refused: it is there twice$/],
    [
      "is another's in capitals",
      { name: "GOOD.py" },
      /"GOOD\.py" is refused: good\.py differs from it only in case/,
    ],
    [
      "is in another's folder in capitals",
      { name: "LIB/x.py" },
      /"LIB\/x\.py" is refused: lib differs from it only/,
    ],
    ["is a folder elsewhere", { name: "lib" }, /"lib" is refused: lib is both a file and a folder$/],
    ["is a file elsewhere", { name: "good.py/a.py" }, /is refused: good\.py is both a file and a folder$/],
    [
      "differs only in how it is composed",
      { name: "gro\u0308ße.py" },
      /is refused: größe\.py differs from it only/,
    ],
  ])("is refused with a file that %s", async (_, entry, reason) => {
    const good = ["good.py", "lib/part.py", "größe.py"].map((name) => ({ name, content: "1" }));
    expect(await refusal(unzip([...good, { content: "1", ...entry }]))).toMatch(reason);
  });

  test("is refused where it is too large, packed or unpacked, or has too many files", async () => {
    const entries = ["a", "b", "c"].map((name) => ({ name, content: Buffer.alloc(1000) }));
    expect(await refusal(unzip(entries, { packedBytes: 100 }))).toBe("the zip is larger than 100 bytes");
    expect(await refusal(unzip(entries, { unpackedBytes: 2999 }))).toMatch(
      /: it is larger than 2999 bytes unpacked$/,
    );
    expect(await refusal(unzip(entries, { entries: 2 }))).toMatch(/: it has more than 2 entries$/);
    expect((await unzip(entries, { unpackedBytes: 3000, entries: 3 })).size).toBe(3);
  });

  test("is refused where a bomb is larger than it states", async () => {
    const bomb = { name: "a", content: Buffer.alloc(300 * 1024 ** 2), statedSize: 10 };
    expect(await refusal(unzip([bomb]))).toMatch(/too many bytes/);
  });

  test("is refused where it is none, or empty", async () => {
    const limits = UPLOAD_LIMITS;
    expect(await refusal(filesOfZip(Buffer.from("def f(): pass"), "the zip", limits, never))).toMatch(
      /^the zip is not a zip that can be used: ./,
    );
    expect(await refusal(unzip([]))).toBe("the upload has no files");
  });
});

describe("files that are uploaded", () => {
  test.each([
    ["../a.py", "its name leads out of the package"],
    ["lib/../../a.py", "its name leads out of the package"],
    ["/a.py", "its name is absolute: give it relative to the package"],
    ["c:a.py", "its name is absolute: give it relative to the package"],
    ["..\\a.py", "its name has a backslash: separate folders with /"],
    ["", "its name is empty"],
    ["lib/", "its name has an empty part or a dot as a part"],
    ["\ud800.py", "its name is not UTF-8"],
    ["a/".repeat(600), "its name has an empty part or a dot as a part"],
    [`${"a/".repeat(600)}b`, "its name has more than 1024 bytes"],
  ])("are refused with the name %j", (path, reason) => {
    expect(() => take({ [path]: "" })).toThrow(`is refused: ${reason}`);
  });

  test("are refused where they are too large or too many", () => {
    expect(() => take({ a: "12", b: "34" }, { unpackedBytes: 3 })).toThrow(
      "the upload is larger than 3 bytes",
    );
    expect(() => take({ a: "", b: "" }, { entries: 1 })).toThrow("the upload has more than 1 files");
    expect(() => take({})).toThrow("the upload has no files");
  });
});

describe("what is stored", () => {
  const files = { "b.py": "x = 1\n".repeat(1000), "a/ü.py": "", "a.py": "1" };

  test("is the same, in whatever order and form it came", async () => {
    const entries = Object.entries(files).map(([name, content]) => ({ name, content, mode: 0o100755 }));
    const one = take(files);
    const other = await unzip(entries.toReversed());
    expect(digestOf(other)).toBe(digestOf(one));
    expect(await packFiles(other)).toEqual(await packFiles(one));
  });

  test("has another digest where a name or a content differs, or moves from one to the other", () => {
    const packages: Record<string, string>[] = [
      files,
      { ...files, "b.py": "" },
      { a: "bc" },
      { ab: "c" },
      { a: "", b: "" },
      { a: "b" },
    ];
    const digests = packages.map((each) => digestOf(take(each)));
    expect(new Set(digests).size).toBe(digests.length);
    expect(digestOf(take({ a: "bc" }))).toMatch(/^[0-9a-f]{64}$/);
  });

  test("can be unpacked", async () => {
    const folder = join(tmpdir(), `gaugelet-upload-${process.pid}`);
    await unpackZip(await packFiles(take(files)), "code.zip", folder);
    try {
      expect(await readFile(join(folder, "b.py"), "utf8")).toBe(files["b.py"]);
      expect(await readFile(join(folder, "a/ü.py"), "utf8")).toBe("");
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
