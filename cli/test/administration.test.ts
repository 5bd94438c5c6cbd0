import { mkdtemp, rm, writeFile } from "node:fs/promises";
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
  home = await mkdtemp(join(tmpdir(), "gaugelet-administration-"));
});
afterAll(async () => {
  await rm(home, { recursive: true, force: true });
});

/** An administrator's command line. */
async function start(file?: string) {
  const started = await api.start({}, file);
  const environment = { HOME: home, GAUGELET_URL: started.url, GAUGELET_TOKEN: started.token };
  const gaugelet = (args: string, input = ""): Promise<Result> =>
    command(args.split(" "), { environment, folder: home, input });
  return { ...started, gaugelet };
}
const done = (out: string) => ({ code: 0, out: `${out}\n`, error: "" });

test("users are made, given a role, deleted and brought back", async () => {
  const { gaugelet } = await start();
  expect(await gaugelet("users create zoe")).toEqual(done("user zoe made: editor"));
  expect(await gaugelet("users create zoe")).toMatchObject({
    code: 1,
    error: expect.stringContaining("zoe"),
  });
  expect(await gaugelet("users role zoe viewer")).toEqual(done("user zoe is viewer"));
  expect((await gaugelet("users")).out).toMatch(/^NAME +ROLE .*\nzoe +viewer +api +\S+Z +-\n/s);
  expect(await gaugelet("users role zoe king")).toMatchObject({
    code: 2,
    error: expect.stringContaining("Allowed choices are viewer, editor, admin"),
  });
  const token = (await gaugelet("token create laptop --user zoe")).out.trim();
  expect(await gaugelet("users delete zoe")).toEqual(done("user zoe deleted"));
  expect((await gaugelet(`--token ${token} functions`)).code).toBe(3);
  expect((await gaugelet("users")).out).not.toMatch(/^zoe /m);
  expect((await gaugelet("users list --deleted")).out).toMatch(/^zoe .*Z +\S+Z$/m);
  expect(await gaugelet("users restore zoe")).toEqual(done("user zoe is there again: viewer"));
  expect((await gaugelet(`--token ${token} functions`)).code).toBe(0);
  expect(await gaugelet("users delete nobody")).toMatchObject({ code: 3, out: "" });
  expect(await gaugelet(`--token ${tokenOf("ada")} users`)).toMatchObject({
    code: 3,
    error: expect.stringContaining("expected the role admin"),
  });
});

test("a secret is read from the standard input, listed by its name, and deleted", async () => {
  const { gaugelet } = await start();
  expect(await gaugelet("secrets set API_TOKEN", "one\ntwo\n")).toEqual(
    done("secret API_TOKEN of admin is kept; functions have it when they start next"),
  );
  expect(await gaugelet("secrets set OTHER --owner ada", "hush")).toMatchObject({ code: 0 });
  const listed = await gaugelet("secrets --json");
  expect(JSON.parse(listed.out)).toMatchObject([{ name: "API_TOKEN", owner: "admin", updatedBy: "admin" }]);
  expect(listed.out).not.toContain("two");
  expect((await gaugelet("secrets list --owner ada")).out).toMatch(/^OTHER +ada +\S+Z +admin$/m);
  expect(await gaugelet("secrets set EMPTY")).toMatchObject({
    code: 2,
    error: expect.stringContaining("standard input"),
  });
  expect(await gaugelet("secrets set a-b", "x")).toMatchObject({ code: 2 });
  expect(await gaugelet("secrets delete OTHER --owner ada")).toEqual(done("secret OTHER deleted"));
  expect(await gaugelet("secrets delete OTHER --owner ada")).toMatchObject({ code: 3 });
  expect((await gaugelet("secrets list --owner ada")).out).toBe("no secrets\n");
});

test("a budget is set, shown and deleted", async () => {
  const { gaugelet } = await start();
  expect((await gaugelet("budgets")).out).toBe("no budgets\n");
  const said = await gaugelet("budgets set ada 12.50 --warn-at 0.5 --hard");
  expect(said.out).toMatch(/^ada has a budget of 12\.5 \w+ a month; once it is spent calls are refused\n$/);
  expect((await gaugelet("budgets")).out).toMatch(
    /^ada +12\.5 +0 +\S+ +\w+ +within +50 % +calls are refused$/m,
  );
  expect(JSON.parse((await gaugelet("budgets show ada --json")).out)).toMatchObject({
    amount: "12.5",
    warnAt: 0.5,
    isHard: true,
  });
  expect((await gaugelet(`--token ${tokenOf("ada")} budgets show ada`)).out).toMatch(/^state: within$/m);
  // What is not said is as it is by default.
  await gaugelet("budgets set ada 3");
  expect(JSON.parse((await gaugelet("budgets show ada --json")).out)).toMatchObject({
    warnAt: 0.8,
    isHard: false,
  });
  expect(await gaugelet("budgets set ada much")).toMatchObject({ code: 2 });
  expect(await gaugelet("budgets set ada 3 --warn-at 80")).toMatchObject({
    code: 2,
    error: expect.stringContaining("expected a share from 0 to 1"),
  });
  expect(await gaugelet("budgets delete ada")).toEqual(done("ada has no budget any more"));
  expect(await gaugelet("budgets show ada")).toMatchObject({ code: 3, error: "ada has no budget\n" });
});

test("dead letters are listed, replayed and dropped", async () => {
  const code = "def handler(input, context):\n    raise ValueError('odd')\n";
  await writeFile(join(home, "picky.py"), code);
  const picky = {
    name: "picky",
    source: join(home, "picky.py"),
    handler: "picky.handler",
    state: "none",
    triggers: [{ topic: "t", start: "oldest", retries: { attempts: 1 } }],
  };
  const { gaugelet } = await start(JSON.stringify({ functions: [picky] }));
  await gaugelet("topics create t");
  await gaugelet("publish t", '{"n":1}\n{"n":2}\n{"n":3}\n');
  const letters = async (count: number): Promise<{ id: string }[]> =>
    await waitFor(`${count} letters`, async () => {
      const found = JSON.parse((await gaugelet("dead-letters list picky --json")).out);
      return found.length === count && found;
    });
  const [first, second] = await letters(3);
  expect((await gaugelet("dead-letters list picky --most 1")).out).toMatch(
    /^ID .*\n\d+-\d+ +\S+Z +t\/0 +1 +ValueError: odd +\{"n":1\}\n$/,
  );
  expect(await gaugelet(`dead-letters drop picky ${first?.id}`)).toEqual(done("1 dropped"));
  // It fails again.
  expect(await gaugelet(`dead-letters replay picky ${second?.id}`)).toEqual(done("1 replayed"));
  await waitFor("it to be back", async () => (await letters(2)).every(({ id }) => id !== second?.id));
  expect(await gaugelet("dead-letters replay picky 1-1")).toMatchObject({
    code: 3,
    error: "picky has no dead letter 1-1\n",
  });
  expect(await gaugelet("dead-letters drop picky")).toMatchObject({
    code: 2,
    error: expect.stringContaining("or --all"),
  });
  // A shell's variable without a value is not all of them, and `..` not the function.
  expect(await gaugelet("dead-letters drop picky ")).toMatchObject({ code: 2 });
  expect(await gaugelet("dead-letters drop picky ..")).toMatchObject({ code: 2 });
  expect(await gaugelet("dead-letters drop picky --all")).toEqual(done("2 dropped"));
  expect((await gaugelet("dead-letters list picky")).out).toBe("picky has no dead letters\n");
  expect(await gaugelet("dead-letters list nope")).toMatchObject({ code: 3 });
});
