import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { waitFor } from "@gaugelet/testing/wait";
import { afterAll, beforeAll, expect, test } from "vitest";
import { useApi } from "../../runtime/test/api/use-api.ts";
import { addUsers, tokenOf } from "../../runtime/test/api/users.ts";
import { command, type Result } from "./command.ts";

const api = useApi("embedded", addUsers);
let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "gaugelet-operations-"));
});
afterAll(async () => {
  await rm(home, { recursive: true, force: true });
});

/** An administrator's command line, with the function f in two versions. */
async function start() {
  const { url, token, runtime } = await api.start();
  const environment = { HOME: home, GAUGELET_URL: url, GAUGELET_TOKEN: token };
  const gaugelet = (args: string): Promise<Result> => command(args.split(" "), { environment, folder: home });
  await mkdir(join(home, "f"), { recursive: true });
  const manifest = { name: "f", handler: "handler.handler", triggers: [{ http: true }] };
  await writeFile(join(home, "f/function.yaml"), JSON.stringify(manifest));
  for (const n of [1, 2]) {
    await writeFile(join(home, "f/handler.py"), `def handler(input, context):\n    return {"n": ${n}}\n`);
    expect(await gaugelet("deploy f")).toMatchObject({ code: 0 });
  }
  return { gaugelet, runtime };
}
const done = (out: string) => ({ code: 0, out: `${out}\n`, error: "" });

test("an alias is set, moved, listed, said for a version, and deleted", async () => {
  const { gaugelet } = await start();
  expect(await gaugelet("aliases f")).toEqual(done("f has no aliases"));
  expect(await gaugelet("aliases set f stable 1")).toEqual(done("stable of f is version 1"));
  expect(await gaugelet("aliases set f new 2")).toEqual(done("new of f is version 2"));
  expect(await gaugelet("aliases list f")).toEqual(done("ALIAS   VERSION\nnew     2\nstable  1"));
  expect(await gaugelet("rollback f stable")).toEqual(done("f: version 1 runs"));
  expect(await gaugelet("aliases set f stable new")).toEqual(done("stable of f is version 2"));
  expect(JSON.parse((await gaugelet("aliases f --json")).out)).toEqual([
    { alias: "new", version: 2 },
    { alias: "stable", version: 2 },
  ]);
  expect(JSON.parse((await gaugelet("aliases set f new 1 --json")).out)).toMatchObject({
    name: "f",
    aliases: { new: 1, stable: 2 },
  });
  expect(await gaugelet("aliases delete f new")).toEqual(done("f has no alias new any more"));
  expect(JSON.parse((await gaugelet("aliases delete f stable --json")).out)).toEqual({
    function: "f",
    alias: "stable",
    deleted: true,
  });
  expect(await gaugelet("aliases delete f new")).toMatchObject({ code: 3, error: "f has no alias new\n" });
  expect(await gaugelet("aliases set f new 3")).toMatchObject({
    code: 3,
    error: expect.stringContaining("version 3"),
  });
  expect(await gaugelet("aliases set f New 1")).toMatchObject({ code: 2 });
  expect(await gaugelet("aliases nope")).toMatchObject({ code: 3 });
});

test("who deploys a deleted function is told how to bring it back", async () => {
  const { gaugelet } = await start();
  await gaugelet("functions delete f");
  expect(await gaugelet("deploy f")).toMatchObject({
    code: 1,
    error: expect.stringContaining("f was deleted; to bring it back: gaugelet functions undelete f,"),
  });
  expect(await gaugelet("functions undelete f")).toEqual(done("f is there again"));
});

test("a function that has written nothing is said to have", async () => {
  const { gaugelet } = await start();
  expect(await gaugelet("logs f")).toEqual({
    code: 0,
    out: "",
    error: "f has written nothing; whether it can be loaded: gaugelet functions show f\n",
  });
  expect(await gaugelet("logs f --json")).toEqual({ code: 0, out: "", error: "" });
});

test("what was changed is listed, newest first, for administrators", async () => {
  const { gaugelet } = await start();
  await gaugelet("aliases set f stable 1");
  expect((await gaugelet("audit --target f")).out).toMatch(
    /^AT .*\n\S+Z +admin +function\.alias +f +\S+ +\{.*"stable".*\}\n.* function\.deploy .*\n.* function\.create .*\n$/,
  );
  const json = JSON.parse((await gaugelet("audit --action function.alias --user admin --json")).out);
  expect(json).toMatchObject([{ target: "f", details: { alias: "stable", version: 1 } }]);
  expect((await gaugelet("audit --most 1")).out.split("\n")).toHaveLength(3);
  expect(await gaugelet("audit --to 2000-01-01")).toEqual(done("nothing was changed"));
  expect((await gaugelet("audit --from 1h --action function.alias")).out).toContain("stable");
  expect(await gaugelet(`--token ${tokenOf("ada")} audit`)).toMatchObject({
    code: 3,
    error: expect.stringContaining("expected the role admin"),
  });
});

test("runtimes and workers are listed", async () => {
  const { gaugelet } = await start();
  const [instance] = await waitFor("the instance to say so", async () => {
    const found = JSON.parse((await gaugelet("instances --json")).out);
    return found[0]?.functionCount === 1 && found;
  });
  expect((await gaugelet("instances")).out).toMatch(
    /^INSTANCE +STATE .*\n\S+ +ready +http:\S+ +1 +\d+ MiB +[\d.]+ +\S+Z +\S+Z\n$/,
  );
  const shown = await gaugelet(`instances show ${instance.id}`);
  expect(shown.out).toMatch(new RegExp(`^id: ${instance.id}\n`));
  expect(JSON.parse((await gaugelet(`instances show ${instance.id} --json`)).out)).toMatchObject({
    id: instance.id,
    functions: [{ name: "f" }],
  });
  expect(await gaugelet("instances show nope")).toMatchObject({ code: 3 });

  expect((await gaugelet("workers")).out).toMatch(
    /^FUNCTION +STATE .*\nf +ready +1 +1 +\d+ +\d+ +[\d.]+ % +0 +\w+ +-\n$/,
  );
  const workers = JSON.parse((await gaugelet("workers list --function f --json")).out);
  expect(workers).toMatchObject([{ function: "f", workers: [{ isServing: true }] }]);
  expect(await gaugelet("workers --function nope")).toEqual(done("no workers"));
  expect(await gaugelet("workers decisions --function nope")).toEqual(done("no decisions"));
  expect((await gaugelet("workers decisions")).code).toBe(0);
  expect(JSON.parse((await gaugelet("workers decisions --json")).out)).toBeInstanceOf(Array);
  expect(await gaugelet("workers decisions --most 1001")).toMatchObject({ code: 2 });
});
