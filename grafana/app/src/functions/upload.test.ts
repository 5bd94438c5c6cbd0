import { readUpload } from "./upload";

/** A file as a browser gives it; jsdom's cannot be read. */
function chosen(name: string, content: Uint8Array | string, path = ""): File {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  return {
    name,
    size: bytes.byteLength,
    webkitRelativePath: path,
    arrayBuffer: async () => bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength),
  } as File;
}

test("source files are read as text, those of a folder by their paths in it", async () => {
  const files = [chosen("handler.py", "x = 1\n"), chosen("a.py", "y = 2\n", "mine/lib/a.py")];
  expect(await readUpload(files)).toEqual({ files: { "handler.py": "x = 1\n", "lib/a.py": "y = 2\n" } });
});

test("a zip is read byte for byte", async () => {
  const bytes = Uint8Array.from({ length: 70_000 }, (_, index) => index % 256);
  const read = await readUpload([chosen("code.zip", bytes)]);
  expect("zip" in read && Buffer.from(read.zip, "base64").equals(Buffer.from(bytes))).toBe(true);
});

test.each([
  [[], "Nothing was chosen."],
  [[chosen("a.zip", ""), chosen("b.py", "")], "not both"],
  [[chosen("a.bin", Uint8Array.of(0xff, 0xfe))], "put files of other kinds into a zip"],
])("what cannot be used is told: %#", async (files, message) => {
  await expect(readUpload(files)).rejects.toThrow(message);
});

test("what is too large is not read", async () => {
  const file = { ...chosen("a.zip", ""), size: 60 * 1024 ** 2 } as File;
  await expect(readUpload([file])).rejects.toThrow("at most 50 MiB");
});
