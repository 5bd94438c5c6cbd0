import { request } from "node:http";
import { memoryUsage } from "node:process";
import { describe, expect, test } from "vitest";
import { sendRaw, statusesIn } from "./raw-requests.ts";
import { DATABASES } from "./test-database.ts";
import { type ApiUnderTest, useApi } from "./use-api.ts";

const SQL = [
  "' or '1'='1",
  "'; drop table users; --",
  "\\'; select pg_sleep(60); --",
  "$1",
  "%' or 1=1 /*",
  "admin'--",
];

describe.each(DATABASES)("a hostile request to the API on %s", (kind) => {
  const api = useApi(kind);

  /** Send JSON as it is written. */
  const send = async (
    { url, token }: ApiUnderTest,
    body: string | Buffer,
    headers: Record<string, string> = {},
    path = "/users",
  ) => {
    const response = await fetch(`${url}/api/v1${path}`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json", ...headers },
      body: body as string,
    });
    return { status: response.status, text: await response.text() };
  };

  test("with a body that is no JSON of ours is told what is wrong with it", async () => {
    const started = await api.start();
    const user = '"name": "a", "role": "viewer"';
    const deep = "[".repeat(100_000) + "]".repeat(100_000);
    for (const [body, says] of [
      ["{", /expected JSON/],
      [deep, /at most 200 levels/],
      [`{${user}, "extra": ${deep}}`, /at most 200 levels/],
      [Buffer.from([0x7b, 0xff, 0xfe, 0x7d]), /expected UTF-8/],
      [`{${user}, "__proto__": {"role": "admin"}}`, /no field __proto__/],
      [`{${user}, "\\u005f_proto__": {"role": "admin"}}`, /no field __proto__/],
      [`{${user}, "constructor": {"prototype": {"role": "admin"}}}`, /constructor/],
      ["null", /expected object/],
      ["[]", /expected object/],
      ['"text"', /expected object/],
      ["1e999", /expected object/],
      [`\ufeff{${user}}`, /expected JSON/],
    ] as const) {
      const { status, text } = await send(started, body);
      expect([String(body).slice(0, 40), status]).toEqual([String(body).slice(0, 40), 400]);
      expect(JSON.parse(text).detail).toMatch(says);
    }
    for (const type of [
      "text/plain",
      "application/x-www-form-urlencoded",
      "multipart/form-data",
      "application/jsonp",
    ]) {
      expect([type, (await send(started, "{}", { "content-type": type })).status]).toEqual([type, 415]);
    }
    expect((await send(started, "{}", { "content-encoding": "gzip" })).status).toBe(415);
    expect(({} as Record<string, unknown>).role).toBeUndefined();
  });

  test("with SQL or paths in its texts finds and changes nothing", async () => {
    const { ask, url, token } = await api.start();
    const texts = [
      ...SQL,
      "../../etc/passwd",
      "..",
      "%2e%2e%2f",
      "\\..\\..",
      "\0",
      "%00",
      "__proto__",
      "constructor",
    ];
    for (const text of texts) {
      const name = encodeURIComponent(text);
      for (const [method, path, body] of [
        ["GET", `/users/${name}`, undefined],
        ["DELETE", `/users/${name}`, undefined],
        ["PATCH", `/users/${name}`, { role: "viewer" }],
        ["POST", `/users/${name}/restore`, undefined],
        ["PUT", `/secrets/${name}`, { value: text }],
        ["DELETE", `/secrets/${name}`, undefined],
        ["DELETE", `/tokens/${name}`, undefined],
        ["GET", `/users?after=${name}`, undefined],
        ["GET", `/users?limit=${name}`, undefined],
        ["POST", "/users", { name: "x", role: text }],
        ["POST", "/tokens", { name: "x", user: text }],
      ] as const) {
        const { status } = await ask(method, path, body);
        // Paths with dots are shortened by the client itself.
        const expected =
          text === ".." || text === "constructor" || text === "__proto__" ? [200, 201, 204] : [];
        expect([method, path, [400, 404, 405, ...expected].includes(status), status]).toEqual([
          method,
          path,
          true,
          status,
        ]);
      }
      for (const path of [
        `/audit?user=${name}&target=${name}&action=${name}`,
        `/secrets?owner=${name}`,
        `/tokens?user=${name}`,
      ]) {
        const { status, body } = await ask("GET", path);
        if (status !== 400) expect([path, body]).toEqual([path, { items: [], next: null }]);
      }
    }
    expect((await ask("GET", "/users")).body.items).toMatchObject([{ name: "admin", role: "admin" }]);
    // As they are, without a client that puts them right.
    const { port } = new URL(url);
    for (const path of [
      "/api/v1/../v1/users",
      "/api/v1//users",
      "/api/v1/users/%2e%2e",
      "/api/v1/users/%ff",
      "/api/v1/users/%",
    ]) {
      const said = await sendRaw(
        url,
        `GET ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nauthorization: Bearer ${token}\r\nconnection: close\r\n\r\n`,
      );
      expect([path, statusesIn(said)]).toEqual([
        path,
        [expect.toSatisfy((status) => status === 400 || status === 404)],
      ]);
    }
  });

  test("that is too large is refused early, and takes no memory", async () => {
    const { ask, url, token } = await api.start();
    const gigabyte = 1024 ** 3;
    const head = (length: string) =>
      `POST /api/v1/users HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\ncontent-type: application/json\r\n${length}\r\n\r\n`;
    // Its length says so: nothing of it needs to come.
    const announced = await sendRaw(url, head(`content-length: ${gigabyte}`), (text) => text.includes("}"));
    expect(statusesIn(announced)).toEqual([413]);

    const before = memoryUsage().arrayBuffers;
    const status = await sendWithoutLength(url, token, 256);
    expect(status).toBe(413);
    expect(memoryUsage().arrayBuffers - before).toBeLessThan(64 * 1024 ** 2);
    expect((await ask("GET", `/users?after=${"x".repeat(32_000)}`)).status).toBe(431);
    expect((await ask("GET", `/audit?user=${"x".repeat(8_000)}`)).status).toBe(400);
    expect((await ask("GET", "/me")).status).toBe(200);
  });

  test("that another server might read in another way is not taken", async () => {
    const { url, token } = await api.start();
    const lines = (...head: string[]) => `${head.join("\r\n")}\r\n\r\n`;
    const hidden = lines("GET /api/v1/users HTTP/1.1", "host: x", `authorization: Bearer ${token}`);
    const post = ["POST /api/v1/users HTTP/1.1", "host: x", `authorization: Bearer ${token}`];
    const shapes: Record<string, string> = {
      "both lengths": `${lines(...post, "content-length: 4", "transfer-encoding: chunked")}0\r\n\r\n${hidden}`,
      "two lengths": lines(...post, "content-length: 4", "content-length: 100") + hidden,
      "a list of lengths": lines(...post, "content-length: 4, 4") + hidden,
      "a signed length": lines(...post, "content-length: +4") + hidden,
      "an unknown coding": lines(...post, "transfer-encoding: xchunked") + hidden,
      "a coding twice": lines(...post, "transfer-encoding: chunked, identity") + hidden,
      "a blank before the colon": `${lines(...post, "transfer-encoding : chunked")}0\r\n\r\n${hidden}`,
      "a folded line": `${lines(...post, "transfer-encoding:\r\n chunked", "content-length: 5")}0\r\n\r\n${hidden}`,
      "a size that is none": `${lines(...post, "transfer-encoding: chunked")}0x5\r\nhello\r\n0\r\n\r\n`,
      "a zero in a line": lines(...post, "x-a: b\0c") + hidden,
      "lines without a return": `GET /api/v1/users HTTP/1.1\nhost: x\n\n${hidden}`,
      "no host": lines("GET /api/v1/users HTTP/1.1", `authorization: Bearer ${token}`),
      "HTTP/2 in plain": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
      "a proxy's connection": lines("CONNECT 127.0.0.1:6379 HTTP/1.1", "host: x"),
    };
    for (const [shape, bytes] of Object.entries(shapes)) {
      const statuses = statusesIn(await sendRaw(url, bytes));
      // Whatever is behind the first is never answered.
      expect([shape, statuses.length <= 1, statuses.every((status) => status >= 400)]).toEqual([
        shape,
        true,
        true,
      ]);
    }
  });

  test("with headers twice is nobody's, and a page of another site may ask nothing", async () => {
    const started = await api.start();
    const { url, token, ask } = started;
    const twice = `GET /api/v1/me HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\nauthorization: Bearer x\r\nconnection: close\r\n\r\n`;
    expect(statusesIn(await sendRaw(url, twice))).toEqual([401]);

    const ask2 = (method: string, origin: string, path = "/me") =>
      fetch(`${url}/api/v1${path}`, { method, headers: { origin, authorization: `Bearer ${token}` } });
    for (const origin of ["https://evil.example", "null", `${url}.evil.example`]) {
      const response = await ask2("GET", origin);
      expect([origin, response.status]).toEqual([origin, 403]);
      expect(response.headers.get("access-control-allow-origin")).toBeNull();
    }
    expect((await ask2("GET", url)).status).toBe(200);
    const preflight = await ask2("OPTIONS", "https://evil.example", "/users");
    expect(preflight.status).toBe(405);
    expect([...preflight.headers.keys()].filter((name) => name.startsWith("access-control"))).toEqual([]);
    const open = await ask2("GET", "https://evil.example", "/openapi.json");
    expect(open.headers.get("access-control-allow-origin")).toBeNull();

    const head = await fetch(`${url}/api/v1/users`, {
      method: "HEAD",
      headers: { authorization: `Bearer ${token}` },
    });
    expect([head.status, await head.text()]).toEqual([200, ""]);
    expect((await fetch(`${url}/api/v1/users`, { method: "HEAD" })).status).toBe(401);
    for (const method of ["PUT", "DELETE", "PATCH"]) expect((await ask(method, "/me")).status).toBe(405);
    const me = await ask("GET", "/me");
    expect(me.headers.get("cache-control")).toBe("no-store");
    expect(me.headers.get("x-content-type-options")).toBe("nosniff");
    expect(me.headers.get("x-powered-by")).toBeNull();
  });
});

/** Send so many MiB in chunks, as long as they are taken; the status of the answer. */
async function sendWithoutLength(url: string, token: string, mebibytes: number): Promise<number> {
  const chunk = Buffer.alloc(1024 ** 2, " ");
  return await new Promise((resolve, reject) => {
    const sent = request(`${url}/api/v1/users`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    });
    let left = mebibytes;
    let status = 0;
    const write = (): void => {
      while (left > 0) {
        left -= 1;
        if (!sent.write(chunk)) {
          sent.once("drain", write);
          return;
        }
      }
      sent.end();
    };
    sent.on("response", (response) => {
      status = response.statusCode ?? 0;
      response.resume().on("end", () => {
        left = 0;
        sent.destroy();
        resolve(status);
      });
    });
    sent.on("error", (error) => (status === 0 ? reject(error) : resolve(status)));
    write();
  });
}
