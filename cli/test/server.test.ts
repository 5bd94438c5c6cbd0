import { mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { freePort } from "@gaugelet/testing/ports";
import { waitFor } from "@gaugelet/testing/wait";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { useApi } from "../../runtime/test/api/use-api.ts";
import { addUsers, tokenOf } from "../../runtime/test/api/users.ts";
import { findConnection } from "../src/connection.ts";
import { run } from "../src/run.ts";
import { type CommandOptions, command } from "./command.ts";

let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "gaugelet-home-"));
});
afterAll(async () => {
  await rm(home, { recursive: true, force: true });
});

test("a server that is away is said so, with what to do", async () => {
  const port = await freePort();
  const away = await command(["topics"], {
    environment: { HOME: home, GAUGELET_URL: `http://127.0.0.1:${port}/` },
  });
  expect(away).toEqual({
    code: 4,
    out: "",
    error:
      "no server answers at http://127.0.0.1:PORT (ECONNREFUSED); start it, or say where it is with --url or GAUGELET_URL\n".replace(
        "PORT",
        String(port),
      ),
  });
  const json = await command(["--json", "topics"], {
    environment: { HOME: home, GAUGELET_URL: `http://127.0.0.1:${port}` },
  });
  expect(json).toMatchObject({ code: 4, error: "" });
  expect(JSON.parse(json.out)).toMatchObject({
    exitCode: 4,
    error: expect.stringContaining("no server answers"),
  });
});

test("what is asked for wrongly ends with 2, before any server is asked", async () => {
  const environment = { HOME: home, GAUGELET_URL: "http://127.0.0.1:1" };
  for (const [args, says] of [
    [["sing"], /unknown command 'sing'/],
    [["topics", "create"], /missing required argument 'topic'/],
    [["topics", "create", "t", "--keep-for", "soon"], /expected a duration such as 90m or 7d/],
    [["publish", "t", "no JSON"], /the event: expected JSON/],
    [["publish", "t", "--id", "x"], /--id names one event/],
    [["publish", "t", "{}", "--header", "x"], /expected name=value/],
    [["invoke", "f", "{"], /the argument: expected JSON/],
    [["invoke", "f", "{}", "--file", "x"], /not both/],
    [["invoke", "f", "--file", "/missing"], /\/missing cannot be read/],
    [["runs", "--from", "someday"], /expected a time such as/],
    [["bill", "november"], /expected a month such as 2026-11/],
    [["runs", "--status", "done"], /Allowed choices are waiting, running, completed/],
    [["functions", "--state", "gone"], /Allowed choices are serving, paused/],
    [["completion", "tcsh"], /expected bash, zsh or fish/],
    [
      ["logs", "f", "--most", "1001"],
      /'--most <runs>' argument '1001' is invalid. expected a number from 1 to 1000/,
    ],
    [["workers", "decisions", "--most", "1001"], /'--most <number>' argument '1001' is invalid/],
    [["replay", "f", "--with", "1", "--most", "1001"], /'--most <number>' argument '1001' is invalid/],
    [["--url", "ftp://x", "topics"], /ftp:\/\/x is no address of a server/],
    [["token", "create", "x", "--expires", "never"], /expected a duration such as 12h/],
    [["bill", "--out", "bill.txt"], /--out writes csv or html/],
    [["dead-letters", "drop", "f", ""], /^expected a name or an id, not ""\n$/],
    [["dead-letters", "drop", "f", ".."], /^expected a name or an id, not "\.\."\n$/],
    [["topics", "show", "."], /^expected a name or an id, not "\."\n$/],
    [["--token", "a\nb", "topics"], /^the token of --token has characters that cannot be sent.*ASCII\n$/],
    [["invoke", "f", "{}", "--idempotency-key", "€"], /^idempotency-key has characters that cannot be sent/],
  ] as const) {
    const { code, error, out } = await command(args, { environment });
    expect(error, args.join(" ")).toMatch(says);
    expect({ code, out }, args.join(" ")).toEqual({ code: 2, out: "" });
  }
});

test("with --json, wrong arguments are told as any other failure", async () => {
  for (const [args, error] of [
    [["--json", "sing"], /^unknown command 'sing'/],
    [["runs", "--json", "--most", "0"], /^option '--most <number>' argument '0' is invalid/],
    [["topics", "create", "--json"], /^missing required argument 'topic'$/],
    [["--url", "--json"], /^unknown command|^expected a command/],
    [["completion", "tcsh", "--json"], /^no completion for tcsh/],
    [["publish", "t", "{", "--json"], /^the event: expected JSON/],
  ] as const) {
    const said = await command(args, { environment: { HOME: home } });
    expect(JSON.parse(said.out), args.join(" ")).toEqual({
      error: expect.stringMatching(error),
      exitCode: 2,
    });
    expect(said.code, args.join(" ")).toBe(2);
  }
  const helped = await command(["topics", "--help", "--json"]);
  expect(helped).toMatchObject({ code: 0, out: expect.stringContaining("Usage: gaugelet topics") });
});

test("what is typed at a login is seen by nobody", async () => {
  const [out, error, input] = [new PassThrough(), new PassThrough(), new PassThrough()];
  const modes: boolean[] = [];
  const terminal = Object.assign(input, { isTTY: true, setRawMode: (raw: boolean) => void modes.push(raw) });
  const code = run(["--url", "http://127.0.0.1:1", "login"], {
    environment: { HOME: home },
    folder: "/",
    input: terminal,
    out,
    error,
  });
  input.write("gaugelet_typed\r");
  expect(await code).toBe(4);
  expect(modes).toEqual([true, false]);
  expect(out.read()).toBeNull();
  expect(String(error.read())).toMatch(/^token for http:\/\/127\.0\.0\.1:1: \nno server answers/);
});

test("no token is shown to a server that it is not of", async () => {
  const shown: (string | undefined)[] = [];
  const server = createServer(({ headers }, response) => {
    shown.push(headers.authorization);
    response.writeHead(401).end();
  }).listen(0, "127.0.0.1");
  try {
    await waitFor("the server", () => server.listening);
    const { port } = server.address() as { port: number };
    const folder = join(home, "project/deep");
    await mkdir(folder, { recursive: true });
    await mkdir(join(home, "project/.gaugelet"));
    await writeFile(join(home, "project/.gaugelet/admin-token"), "of-this-machine\n");
    const login = {
      current: "https://elsewhere.example",
      tokens: { "https://elsewhere.example": "of-elsewhere" },
    };
    await mkdir(join(home, ".config/gaugelet"), { recursive: true });
    await writeFile(join(home, ".config/gaugelet/login.json"), JSON.stringify(login));
    const ask = async (args: string[], environment: Record<string, string> = {}): Promise<void> => {
      await command([...args, "topics"], { folder, environment: { HOME: home, ...environment } });
    };
    await ask(["--url", `http://127.0.0.1:${port}`]);
    await ask(["--url", `http://127.0.0.1:${port}`], { GAUGELET_TOKEN: "of-variable" });
    await ask(["--url", `http://127.0.0.1:${port}`, "--token", "of-option"], {
      GAUGELET_TOKEN: "of-variable",
    });
    await ask(["--url", `http://127.0.0.1:${port}`], { GAUGELET_STATE_DIR: join(home, "nothing") });
    expect(shown).toEqual(["Bearer of-this-machine", "Bearer of-variable", "Bearer of-option", undefined]);
    // From anywhere, where `npm start` has run in the repository of the command.
    const repository = join(home, "project");
    const from = await findConnection({ url: `http://127.0.0.1:${port}` }, { HOME: home }, "/", repository);
    expect(from.token).toBe("of-this-machine");
    const refused = await command(["--url", `http://127.0.0.1:${port}`, "topics"], {
      environment: { HOME: home, GAUGELET_TOKEN: "x" },
    });
    expect(refused).toMatchObject({
      code: 3,
      error: expect.stringContaining("refuses the token of GAUGELET_TOKEN"),
    });
  } finally {
    server.close();
    await rm(join(home, ".config"), { recursive: true });
  }
});

describe("with a server", () => {
  const api = useApi("embedded", addUsers);

  test("a login that cannot be kept says where; a variable without a value is none", async () => {
    const { url, token } = await api.start();
    const folder = await mkdtemp(join(home, "full-"));
    await mkdir(join(folder, ".config/gaugelet"), { recursive: true });
    await symlink("/missing/login.json", join(folder, ".config/gaugelet/login.json"));
    const environment = { HOME: folder, GAUGELET_TOKEN: "" };
    expect(await command(["--url", url, "login"], { environment, input: `${token}\n` })).toMatchObject({
      code: 1,
      error: expect.stringMatching(/login\.json cannot be written: ENOENT/),
    });
  });

  test("a login is kept for its user alone; topics are made, filled, listed and deleted", async () => {
    const { url, token, redis } = await api.start();
    const environment = { HOME: home, GAUGELET_STATE_DIR: join(home, "nothing") };
    const gaugelet = (args: readonly string[], options: CommandOptions = {}) =>
      command(args, { environment, ...options });

    expect(await gaugelet(["--url", url, "topics"])).toMatchObject({
      code: 3,
      error: `${url} wants a token; run: gaugelet login, or set GAUGELET_TOKEN; its administrator's is in the file admin-token of its state folder\n`,
    });
    const wrong = await gaugelet(["--url", url, "login"], { input: "gaugelet_guessed\n" });
    expect(wrong).toMatchObject({
      code: 3,
      out: "",
      error: expect.stringMatching(/refuses the token of this login: (?!.*gaugelet login)/),
    });
    const file = join(home, ".config/gaugelet/login.json");
    expect(await gaugelet(["--url", `${url}/`, "login"], { input: `${token}\n` })).toEqual({
      code: 0,
      out: `logged in to ${url} as admin (admin); kept in ${file}\n`,
      error: "",
    });
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(JSON.parse(await readFile(file, "utf8"))).toEqual({ current: url, tokens: { [url]: token } });

    expect(
      (await gaugelet(["topics", "create", "orders", "--keep-for", "7d", "--keep-events", "5000"])).out,
    ).toBe("topic orders made\n");
    expect(await gaugelet(["topics", "create", "orders"])).toEqual({
      code: 1,
      out: "",
      error: "topic orders exists\n",
    });
    const one = await gaugelet([
      "publish",
      "orders",
      '{"id":12345678901234567890}',
      "--key",
      "a",
      "--header",
      "x=1=2",
    ]);
    expect(one).toEqual({ code: 0, out: "1 event published\n", error: "" });
    const lines = Array.from({ length: 1_200 }, (_, n) => `{"n":${n}}`).join("\n\n");
    expect((await gaugelet(["publish", "orders"], { input: lines })).out).toBe("1200 events published\n");
    const broken = await gaugelet(["publish", "orders"], { input: '{"n":1}\nbroken\n' });
    expect(broken).toMatchObject({
      code: 2,
      error: expect.stringContaining("line 2; 0 events are published"),
    });
    const entries = await redis.client.xrange("gaugelet:topic:orders", "-", "+");
    expect(entries[0]?.[1]).toEqual([
      "event",
      '{"id":12345678901234567890}',
      "key",
      "a",
      "headers",
      '{"x":"1=2","gaugelet-user":"admin"}',
    ]);
    expect(entries).toHaveLength(1_201);
    expect(entries.at(-1)?.[1].slice(0, 2)).toEqual(["event", '{"n":1199}']);

    expect((await gaugelet(["topics"])).out).toMatch(
      /^TOPIC +PARTITIONS +EVENTS.*\norders +1 +1201 +\d+ s +- +-\n$/,
    );
    const json = JSON.parse((await gaugelet(["topics", "list", "--json"])).out);
    expect(json).toMatchObject([
      { name: "orders", events: 1_201, retention: { seconds: 604_800, events: 5_000 } },
    ]);
    expect((await gaugelet(["topics", "show", "orders"])).out).toMatch(/^events: 1201$/m);
    expect(await gaugelet(["topics", "show", "nothing"])).toMatchObject({
      code: 3,
      error: "there is no topic nothing\n",
    });
    // What the server finds wrong with a request is asked for wrongly, too.
    const refused = await gaugelet(["usage", "--group", "function,function"]);
    expect(refused).toEqual({ code: 2, out: "", error: "group: expected each name once\n" });
    const unnamed = JSON.parse((await gaugelet(["topics", "create", "a b", "--json"])).out);
    expect(unnamed).toMatchObject({ exitCode: 2, problem: { type: "/problems/invalid-request" } });
    expect(unnamed.error).not.toMatch(/body/);
    const unwritten = await gaugelet(["bill", "--format", "html", "--out", "/nope/x"]);
    expect(unwritten).toMatchObject({
      code: 1,
      error: expect.stringMatching(/^\/nope\/x cannot be written: ENOENT/),
    });
    const denied = await gaugelet(["--token", tokenOf("eve"), "topics", "delete", "orders"]);
    expect(denied).toMatchObject({ code: 3, error: expect.stringContaining("expected the role editor") });
    expect((await gaugelet(["topics", "delete", "orders"])).out).toBe("topic orders deleted\n");
    expect((await gaugelet(["topics"])).out).toBe("no topics\n");
    expect((await gaugelet(["logout"])).out).toMatch(/is forgotten/);
    expect((await gaugelet(["--url", url, "topics"])).code).toBe(3);
  });
});
