import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { allowedHostsSchema } from "../../src/configuration/allowed-hosts.ts";
import { PackageError } from "../../src/packages/package.ts";
import { checkUpload } from "../../src/packages/upload/check-upload.ts";
import { CodeChecks } from "../../src/packages/upload/code-checks.ts";
import { fetchUpload } from "../../src/packages/upload/fetch-upload.ts";
import { UPLOAD_LIMITS, type UploadLimits } from "../../src/packages/upload/limits.ts";
import { isHostAllowed, refusalOfAddress } from "../../src/packages/upload/url-policy.ts";
import { functionZip } from "./zips.ts";

const never = AbortSignal.any([]);
const zip = functionZip();

function policy(text: string): { allowed: ReturnType<typeof allowedHostsSchema.parse> } {
  return { allowed: allowedHostsSchema.parse(text) };
}

let server: Server;
let port: number;
let origin: string;
let asked: IncomingMessage[];
let answer: (request: IncomingMessage, response: ServerResponse) => void;
beforeEach(async () => {
  asked = [];
  answer = (_, response) => response.end(zip);
  server = createServer((request, response) => {
    asked.push(request);
    answer(request, response);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  ({ port } = server.address() as AddressInfo);
  origin = `http://127.0.0.1:${port}`;
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

async function refusal(
  url: string,
  allowed = "127.0.0.1",
  limits: Partial<UploadLimits> = {},
): Promise<string> {
  const error: unknown = await fetchUpload(
    url,
    policy(allowed),
    { ...UPLOAD_LIMITS, ...limits },
    never,
  ).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(PackageError);
  return (error as PackageError).message.replaceAll(origin, "ORIGIN");
}

async function fetched(url: string, allowed = "127.0.0.1"): Promise<Buffer> {
  return (await fetchUpload(url, policy(allowed), UPLOAD_LIMITS, never)).content;
}

describe("an address that is not public is refused", () => {
  test.each([
    ["127.0.0.1", "this machine's own (loopback)"],
    ["127.255.1.1", "this machine's own (loopback)"],
    ["10.0.0.1", "private"],
    ["172.31.255.255", "private"],
    ["192.168.1.1", "private"],
    ["169.254.169.254", "link-local"],
    ["100.64.0.1", "private to a provider"],
    ["0.0.0.0", "unspecified"],
    ["0.1.2.3", "unspecified"],
    ["224.0.0.1", "multicast"],
    ["255.255.255.255", "of the range broadcast"],
    ["240.0.0.1", "of the range reserved"],
    ["198.18.0.1", "of the range reserved"],
    ["::1", "this machine's own (loopback)"],
    ["::", "unspecified"],
    ["fe80::1", "link-local"],
    ["fc00::1", "private (unique local)"],
    ["fd12:3456::1", "private (unique local)"],
    ["ff02::1", "multicast"],
    ["fec0::1", "of the range deprecatedSiteLocal"],
    ["::ffff:127.0.0.1", "an IPv4 address inside an IPv6 address"],
    ["::ffff:8.8.8.8", "an IPv4 address inside an IPv6 address"],
    ["::127.0.0.1", "an IPv4 address inside an IPv6 address"],
    ["::7f00:1", "not public"],
    ["::ffff:0:127.0.0.1", "of the range rfc6145"],
    ["64:ff9b::7f00:1", "of the range rfc6052"],
    ["64:ff9b:1::7f00:1", "of the range rfc6052"],
    ["2002:7f00:1::", "of the range 6to4"],
    ["2001:0:1::1", "of the range teredo"],
    ["2001:db8::1", "of the range reserved"],
    ["4000::1", "not public"],
  ])("%s", (address, refusal) => {
    expect(refusalOfAddress(address, policy(""))).toBe(refusal);
  });

  test.each(["8.8.8.8", "1.1.1.1", "172.32.0.1", "2606:4700::1111", "2a00:1450::1"])(
    "but not %s",
    (address) => {
      expect(refusalOfAddress(address, policy(""))).toBeUndefined();
    },
  );

  test.each([
    ["10.1.2.3", "10.1.0.0/16"],
    ["10.1.2.3", "files.internal, 10.1.2.3"],
    ["::ffff:10.1.2.3", "10.1.0.0/16"],
    ["fd00::5", "fd00::/8"],
    ["::1", "::1"],
    ["127.0.0.1", "::ffff:127.0.0.1"],
  ])("unless the operator lists it: %s in %s", (address, allowed) => {
    expect(refusalOfAddress(address, policy(allowed))).toBeUndefined();
  });

  test("nor does another's list help it", () => {
    expect(refusalOfAddress("10.2.0.1", policy("10.1.0.0/16,::/0"))).toBe("private");
  });
});

describe("the operator's list", () => {
  test("has names in any case", () => {
    expect(isHostAllowed("files.internal", policy("Files.Internal"))).toBe(true);
    expect(isHostAllowed("files.internal.", policy("files.internal"))).toBe(true);
    expect(isHostAllowed("other.internal", policy("files.internal"))).toBe(false);
    expect(isHostAllowed("a.files.internal", policy("files.internal"))).toBe(false);
  });

  test.each([
    "10.0.0.0/33",
    "10.0.0",
    "300.1.1.1",
    "http://x",
    "a b",
    "fe80::1%eth0",
    "*.internal",
    "10.1.0.0/16/2",
  ])("refuses %j", (entry) => {
    const { success, error } = allowedHostsSchema.safeParse(`good.internal,${entry}`);
    expect(success).toBe(false);
    expect(error?.issues[0]?.message).toContain(`${JSON.stringify(entry)} is none of them`);
  });
});

describe("a URL that leads into the operator's own network is refused, and nothing is asked of it", () => {
  test.each([
    ["by address", () => origin],
    ["by name", () => `http://localhost:${port}`],
    ["as one number", () => `http://2130706433:${port}`],
    ["in octal", () => `http://0177.0.0.1:${port}`],
    ["in hexadecimal", () => `http://0x7f000001:${port}`],
    ["shortened", () => `http://127.1:${port}`],
    ["as IPv6", () => `http://[::ffff:127.0.0.1]:${port}`],
    ["as no address in particular", () => `http://0.0.0.0:${port}`],
  ])("%s", async (_, url) => {
    expect(await refusal(`${url()}/code.zip?token=secret`, "")).toMatch(
      /^(?:ORIGIN|http:\/\/[^?]+)\/code\.zip is refused: the address of its host is [^;]+; the operator can allow it with GAUGELET_ALLOWED_URL_HOSTS$/,
    );
    expect(asked).toEqual([]);
  });

  test("also by redirection", async () => {
    answer = (_, response) => response.writeHead(302, { location: `http://127.0.0.2:${port}/secret` }).end();
    expect(await refusal(`${origin}/code.zip`)).toBe(
      `http://127.0.0.2:${port}/secret is refused: the address of its host is this machine's own (loopback); the operator can allow it with GAUGELET_ALLOWED_URL_HOSTS`,
    );
    expect(asked.map(({ url }) => url)).toEqual(["/code.zip"]);
  });

  test.each(["file:///etc/passwd", "ftp://127.0.0.1/x", "data:,x", "nothing", "http://"])(
    "and so is %s",
    async (url) => {
      expect(await refusal(url)).toBe(
        "the URL is refused: expected one that begins with http:// or https://",
      );
    },
  );
});

describe("a URL that may be fetched", () => {
  test("is fetched by its address, or a name that the operator lists", async () => {
    expect(await fetched(`${origin}/code.zip`)).toEqual(zip);
    expect(await fetched(`http://localhost:${port}/code.zip`, "localhost")).toEqual(zip);
    expect(asked[1]?.headers.host).toBe(`localhost:${port}`);
  });

  test("may lead on three times, and no more", async () => {
    answer = ({ url = "" }, response) => {
      const left = Number(url.slice(1));
      if (left === 0) response.end(zip);
      else response.writeHead(302, { location: `/${left - 1}` }).end();
    };
    expect(await fetched(`${origin}/3`)).toEqual(zip);
    expect(await refusal(`${origin}/4`)).toBe("ORIGIN/4 leads on more than 3 times");
  });

  test("signs in where it says how, and nowhere else", async () => {
    answer = ({ url }, response) => {
      if (url === "/first") response.writeHead(307, { location: "/second" }).end();
      else if (url === "/second")
        response.writeHead(307, { location: `http://localhost:${port}/third` }).end();
      else response.end(zip);
    };
    await fetched(`http://ada:pass%20word@127.0.0.1:${port}/first`, "127.0.0.1,localhost");
    const basic = `Basic ${Buffer.from("ada:pass word").toString("base64")}`;
    expect(asked.map(({ headers }) => headers.authorization)).toEqual([basic, basic, undefined]);
  });

  test("is refused where it answers with an error, a web page, or too much", async () => {
    answer = (_, response) => response.writeHead(404).end();
    expect(await refusal(`${origin}/code.zip?token=secret`)).toBe("ORIGIN/code.zip answered 404 Not Found");
    answer = (_, response) =>
      response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end("<p>");
    expect(await refusal(`${origin}/`)).toBe(
      "ORIGIN/ answered with a web page: expected a zip or a source file",
    );
    answer = (_, response) => response.end(zip);
    expect(await refusal(`${origin}/a`, "127.0.0.1", { packedBytes: 10 })).toBe(
      "ORIGIN/a is larger than 10 bytes",
    );
  });

  test("is refused where it never ends, as soon as it is too large", async () => {
    answer = (_, response) => {
      const write = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(64 * 1024)));
        if (!response.destroyed) response.once("drain", write);
      };
      write();
    };
    expect(await refusal(`${origin}/a`, "127.0.0.1", { packedBytes: 1e6 })).toBe(
      "ORIGIN/a is larger than 1000000 bytes",
    );
  });

  test("is given up where it takes too long, before or while it answers", async () => {
    const limits = { downloadSeconds: 0.2 };
    answer = () => {};
    expect(await refusal(`${origin}/a`, "127.0.0.1", limits)).toBe(
      "ORIGIN/a cannot be fetched: it took longer than 0.2 s",
    );
    answer = (_, response) => void response.write("PK");
    expect(await refusal(`${origin}/a`, "127.0.0.1", limits)).toBe(
      "ORIGIN/a cannot be fetched: it took longer than 0.2 s",
    );
  });

  test("is given up where nobody is there, or the answer breaks off", async () => {
    answer = (_, response) => {
      response.writeHead(200, { "content-length": "100" }).write("PK");
      setImmediate(() => response.destroy());
    };
    expect(await refusal(`${origin}/a`)).toBe("ORIGIN/a cannot be fetched: aborted");
    server.closeAllConnections();
    server.close();
    await once(server, "close");
    expect(await refusal(`${origin}/a`)).toMatch(/^ORIGIN\/a cannot be fetched: connect ECONNREFUSED/);
  });

  test("is given up with the caller's reason", async () => {
    const controller = new AbortController();
    answer = () => controller.abort(new Error("the user went away"));
    const outcome = fetchUpload(`${origin}/a`, policy("127.0.0.1"), UPLOAD_LIMITS, controller.signal);
    await expect(outcome).rejects.toThrow("the user went away");
  });
});

describe("what a URL has", () => {
  const options = {
    python: resolve(".gaugelet/python/bin/python"),
    urlPolicy: policy("127.0.0.1"),
    checks: new CodeChecks(),
  };
  const about = { language: "python", handler: "usermodule.handler" } as const;
  const source = "def handler(input, context): return {}\n";

  test.each([
    ["a zip", "/whatever", zip, ["usermodule.py"]],
    ["a source file with a name", "/x/usermodule.py?raw=1", Buffer.from(source), ["usermodule.py"]],
    ["a source file without one", "/raw/4711", Buffer.from(source), ["usermodule.py"]],
  ])("is checked and stored: %s", async (_, path, content, files) => {
    answer = (_request, response) => response.end(content);
    expect((await checkUpload({ kind: "url", url: origin + path }, about, options)).files).toEqual(files);
  });

  test("is refused with the URL as its name", async () => {
    answer = (_, response) => response.end(Buffer.from("PK\x03\x04"));
    await expect(
      checkUpload({ kind: "url", url: `${origin}/a?token=secret` }, about, options),
    ).rejects.toThrow(`${origin}/a is not a zip that can be used: `);
  });
});
