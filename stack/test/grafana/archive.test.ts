import { createHash } from "node:crypto";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { archiveName, unpackedArchive } from "../../src/grafana/archive.ts";
import { isProgram } from "../../src/setup/find-command.ts";
import { temporaryFolder } from "../support.ts";
import { type ArchiveServer, serveArchive } from "./archive-server.ts";

let cache: string;
beforeEach(async () => {
  cache = join(await temporaryFolder(), "cache");
});

const limits = { answer: 2_000, pause: 2_000 };
const neverAborted = new AbortController().signal;

async function fetchFrom({ url }: Pick<ArchiveServer, "url">, signal = neverAborted): Promise<string> {
  return await unpackedArchive({ url, cache, limits }, signal, () => {});
}

test("the archive is unpacked and kept, and not asked for again", async () => {
  const server = await serveArchive();
  const folder = await fetchFrom(server);
  expect(folder).toBe(join(cache, archiveName()));
  expect(isProgram(join(folder, "bin", "grafana"))).toBe(true);
  expect(await fetchFrom(server)).toBe(folder);
  expect(server.requests).toEqual(["NAME.tar.gz.sha256", "NAME.tar.gz"]);
  expect(await readdir(cache)).toEqual([archiveName()]);
});

test("two that want it at the same time download it once", async () => {
  const server = await serveArchive();
  const [one, other] = await Promise.all([fetchFrom(server), fetchFrom(server)]);
  expect(one).toBe(other);
  expect(server.requests).toHaveLength(2);
});

test("a digest in the form of sha256sum is understood", async () => {
  const server = await serveArchive({
    ".sha256": (response, right) => response.end(`${right.toString().trim()}  grafana.tar.gz\n`),
  });
  await fetchFrom(server);
});

const failures: [string, Parameters<typeof serveArchive>[0], RegExp][] = [
  [
    "another digest",
    { ".sha256": (response) => response.end("0".repeat(64)) },
    /NAME\.tar\.gz does not match its published SHA-256 \(expected 0{64}, found [0-9a-f]{64}\)$/,
  ],
  [
    "a page in place of the digest",
    { ".sha256": (response) => response.end("<html>Please sign in</html>") },
    /NAME\.tar\.gz\.sha256 holds no SHA-256$/,
  ],
  [
    "no digest",
    { ".sha256": (response) => response.writeHead(404).end() },
    /NAME\.tar\.gz\.sha256 answers with status 404$/,
  ],
  [
    "no archive",
    { ".tar.gz": (response) => response.writeHead(404).end() },
    /NAME\.tar\.gz answers with status 404$/,
  ],
  [
    "a transfer that breaks",
    {
      ".tar.gz": (response, right) => {
        response.writeHead(200, { "content-length": right.length });
        response.write(right.subarray(0, right.length / 2), () => response.destroy());
      },
    },
    /NAME\.tar\.gz cannot be read: /,
  ],
  [
    "a transfer of unknown length that ends early",
    { ".tar.gz": (response, right) => response.end(right.subarray(0, right.length / 2)) },
    /NAME\.tar\.gz does not match its published SHA-256/,
  ],
  ["a server that never answers", { ".sha256": () => {} }, /NAME\.tar\.gz\.sha256 does not answer in time$/],
  [
    "a server that stops in the middle",
    { ".tar.gz": (response, right) => void response.write(right.subarray(0, right.length / 2)) },
    /NAME\.tar\.gz does not answer in time$/,
  ],
];

test.each(failures)("%s fails and leaves nothing behind", async (_, misbehaviour, message) => {
  const failing = fetchFrom(await serveArchive(misbehaviour));
  await expect(failing.catch((error: Error) => Promise.reject(hideName(error)))).rejects.toThrow(message);
  expect(await readdir(cache)).toEqual([]);
});

test("something that is no archive, with the right digest, fails and leaves nothing behind", async () => {
  const content = "not an archive";
  const honest = await serveArchive({
    ".tar.gz": (response) => response.end(content),
    ".sha256": (response) => response.end(createHash("sha256").update(content).digest("hex")),
  });
  await expect(fetchFrom(honest)).rejects.toThrow("the archive of Grafana cannot be unpacked");
  expect(await readdir(cache)).toEqual([]);
});

test("nothing there to connect to fails", async () => {
  await expect(fetchFrom({ url: "http://127.0.0.1:1" })).rejects.toThrow(/sha256 cannot be read: .*/);
});

test("a download ends when it is told to", async () => {
  const stop = new AbortController();
  const server = await serveArchive({ ".tar.gz": () => stop.abort() });
  await expect(fetchFrom(server, stop.signal)).rejects.toThrow(/abort/i);
  expect(await readdir(cache)).toEqual([]);
});

test("what a download that was killed left behind is removed", async () => {
  await mkdir(join(cache, "partial-1"), { recursive: true });
  await writeFile(join(cache, "partial-1", "archive.tar.gz"), "half");
  await fetchFrom(await serveArchive());
  expect(await readdir(cache)).toEqual([archiveName()]);
});

function hideName(error: Error): Error {
  return new Error(error.message.replaceAll(archiveName(), "NAME"));
}
