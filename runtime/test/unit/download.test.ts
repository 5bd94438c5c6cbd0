import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "@gaugelet/testing/ports";
import { afterEach, beforeEach, expect, test } from "vitest";
import { download } from "../../src/packages/download.ts";
import { PackageError } from "../../src/packages/package.ts";
import { preparePackage } from "../../src/packages/prepare.ts";
import { functionZip } from "./zips.ts";

const zip = functionZip();

let server: Server;
let origin: string;
let answer: (request: IncomingMessage, response: ServerResponse) => void;
beforeEach(async () => {
  server = createServer((request, response) => answer(request, response)).listen(0, "127.0.0.1");
  await once(server, "listening");
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

async function refusal(url: string): Promise<string> {
  const error: unknown = await download(url).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(PackageError);
  return (error as PackageError).message.replaceAll(origin, "ORIGIN");
}

test("a zip is fetched", async () => {
  answer = (_, response) => response.end(zip);
  expect(await download(`${origin}/code.zip`)).toEqual(zip);
});

test("a zip that comes in parts, without its length, is fetched", async () => {
  answer = (_, response) => {
    response.write(zip.subarray(0, 10));
    setImmediate(() => response.end(zip.subarray(10)));
  };
  expect(await download(`${origin}/code.zip`)).toEqual(zip);
});

test("a redirection is followed", async () => {
  answer = (request, response) => {
    if (request.url === "/latest") response.writeHead(302, { location: "/code.zip" }).end();
    else response.end(zip);
  };
  expect(await download(`${origin}/latest`)).toEqual(zip);
});

test("a user and a password are sent, as a header", async () => {
  let sent: string | undefined;
  answer = (request, response) => {
    sent = request.headers.authorization;
    response.end(zip);
  };
  await download(`${origin.replace("//", "//a%40b:s%3Acret@")}/code.zip`);
  expect(sent).toBe(`Basic ${Buffer.from("a@b:s:cret").toString("base64")}`);
  await download(`${origin}/code.zip`);
  expect(sent).toBeUndefined();
});

test.each([
  [404, "Not Found"],
  [401, "Unauthorized"],
  [500, "Internal Server Error"],
])("an answer of %i is told, without what the URL signs in with", async (status, text) => {
  answer = (_, response) => response.writeHead(status).end("page");
  const url = `${origin.replace("//", "//user:secret@")}/code.zip?token=secret#secret`;
  expect(await refusal(url)).toBe(`ORIGIN/code.zip answered ${status} ${text}`);
});

test("a connection that closes half-way is told", async () => {
  answer = (_, response) => {
    response.writeHead(200, { "content-length": zip.length });
    response.write(zip.subarray(0, 20), () => response.destroy());
  };
  expect(await refusal(`${origin}/code.zip?token=secret`)).toMatch(/^ORIGIN\/code\.zip cannot be fetched: ./);
});

test("a server that closes without an answer is told", async () => {
  answer = (request) => request.destroy();
  expect(await refusal(`${origin}/code.zip`)).toMatch(/^ORIGIN\/code\.zip cannot be fetched: ./);
});

test("nobody listening is told", async () => {
  const port = await freePort();
  const message = await refusal(`http://user:secret@127.0.0.1:${port}/code.zip`);
  expect(message).toBe(
    `http://127.0.0.1:${port}/code.zip cannot be fetched: connect ECONNREFUSED 127.0.0.1:${port}`,
  );
});

test("a host that does not exist is told", async () => {
  expect(await refusal("http://gaugelet.invalid/code.zip")).toMatch(
    /^http:\/\/gaugelet\.invalid\/code\.zip cannot be fetched: getaddrinfo/,
  );
});

test.each(["http://", "https://user:secret@", "http://a b/"])("%s is no URL, which is told", async (url) => {
  const message = await refusal(url);
  expect(message).toMatch(/^the URL cannot be fetched: ./);
  expect(message).not.toContain("secret");
});

test("what is too large is not read to its end", async () => {
  const chunk = Buffer.alloc(1024 ** 2);
  let closed = false;
  answer = (_, response) => {
    response.on("close", () => {
      closed = true;
    });
    const more = (): void => {
      while (!closed && response.write(chunk));
      if (!closed) response.once("drain", more);
    };
    more();
  };
  expect(await refusal(`${origin}/code.zip`)).toBe("ORIGIN/code.zip is larger than 67108864 bytes");
  await expect.poll(() => closed).toBe(true);
});

test("a package from a URL is unpacked", async () => {
  answer = (_, response) => response.end(zip);
  const folder = await mkdtemp(join(tmpdir(), "gaugelet-download-"));
  try {
    const { directory, file } = await preparePackage({ kind: "url", url: `${origin}/code.zip` }, folder);
    expect(file).toBeNull();
    expect(await readFile(join(directory, "usermodule.py"), "utf8")).toContain("def handler");
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("a page in place of a zip is told by its address", async () => {
  answer = (_, response) => response.end("<html></html>");
  const source = { kind: "url", url: `${origin}/code.zip?token=secret` } as const;
  await expect(preparePackage(source, tmpdir())).rejects.toThrow(
    `${origin}/code.zip is not a zip that can be used: `,
  );
});
