import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { useApi } from "../../runtime/test/api/use-api.ts";
import { command, type Result } from "./command.ts";

const GOOD = "def handler(input, context):\n    return {'n': 1}\n";
const BROKEN = `raise RuntimeError('no such luck')\n${GOOD}`;

const api = useApi("embedded");
let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "gaugelet-loading-"));
});
afterAll(async () => {
  await rm(home, { recursive: true, force: true });
});

/** What a user does with folders of functions. */
async function user() {
  const { url, token } = await api.start();
  const environment = { HOME: home, GAUGELET_URL: url, GAUGELET_TOKEN: token };
  const gaugelet = (...args: string[]): Promise<Result> => command(args, { environment, folder: home });
  /** Deploy a function with this code. */
  const deploy = async (name: string, code: string, ...options: string[]): Promise<Result> => {
    await mkdir(join(home, name), { recursive: true });
    const manifest = { name, handler: "handler.handler", triggers: [{ http: true }] };
    await writeFile(join(home, name, "function.yaml"), JSON.stringify(manifest));
    await writeFile(join(home, name, "handler.py"), code);
    return await gaugelet("deploy", name, ...options);
  };
  return { gaugelet, deploy };
}

test("a version that cannot be loaded is told of when it is deployed, with the way back", async () => {
  const { gaugelet, deploy } = await user();
  expect(await deploy("f", GOOD)).toEqual({
    code: 0,
    out: "f: version 1 deployed, and loaded\n",
    error: "",
  });
  const reason = "cannot be loaded: importing 'handler' failed: RuntimeError: no such luck";
  const broken = await deploy("f", BROKEN);
  expect(broken).toMatchObject({ code: 1, out: "" });
  expect(broken.error).toMatch(/^Traceback \(most recent call last\):\n.*handler\.py", line 1, in <module>/);
  expect(broken.error).toContain(
    `f: version 2 deployed, but ${reason}; mend it and deploy it again, or go back: gaugelet rollback f\n`,
  );
  // Deployed again it is no more well than before.
  const again = await deploy("f", BROKEN, "--json");
  expect(again).toMatchObject({ code: 1, error: "" });
  expect(JSON.parse(again.out)).toMatchObject({
    error: expect.stringContaining(`f is as it was: version 2, but ${reason}`),
    exitCode: 1,
    problem: { version: 2, load: { state: "failed", reason, traceback: expect.stringContaining("line 1") } },
  });
  const listed = await gaugelet("functions");
  expect(listed.out).toMatch(/ PROBLEM\nf /);
  expect(listed.out).toContain(reason);
  expect((await gaugelet("functions", "show", "f")).out).toContain(`loadProblem: ${reason}\n`);
  // The version before goes on.
  expect((await gaugelet("invoke", "f")).out).toBe('{\n  "n": 1\n}\n');

  expect(await gaugelet("rollback", "f")).toEqual({ code: 0, out: "f: version 1 runs\n", error: "" });
  expect((await gaugelet("functions")).out).not.toContain(reason);
  const back = await gaugelet("rollback", "f", "2");
  expect(back).toMatchObject({
    code: 1,
    error: expect.stringContaining(`f is back at version 2, but ${reason}`),
  });
});

test("a call of a function that cannot be loaded says why, and not to try again", async () => {
  const { gaugelet, deploy } = await user();
  const made = await deploy("g", `import no_such_package\n${GOOD}`);
  expect(made.code).toBe(1);
  expect(made.error).toMatch(
    /imports 'no_such_package', which is not installed.*mend it and deploy it again$/m,
  );
  const called = await gaugelet("invoke", "g");
  expect(called).toMatchObject({ code: 1, out: "" });
  expect(called.error).toMatch(/^Traceback .*ModuleNotFoundError/s);
  expect(called.error).toMatch(/^the function cannot be loaded: the function imports 'no_such_package'/m);
  const json = JSON.parse((await gaugelet("invoke", "g", "--json")).out);
  expect(json).toMatchObject({ exitCode: 1, problem: { type: "/problems/load-failed", status: 500 } });
});

test("a version is not loaded where one does not want that, or it is paused", async () => {
  const { gaugelet, deploy } = await user();
  expect(await deploy("h", BROKEN, "--no-load")).toEqual({
    code: 0,
    out: "h: version 1 deployed\n",
    error: "",
  });
  await gaugelet("functions", "pause", "h");
  expect((await deploy("h", GOOD)).out).toBe(
    "h: version 2 deployed; it is not loaded: the function is paused\n",
  );
});
