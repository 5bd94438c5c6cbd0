import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Caller } from "../../src/access/caller.ts";
import { type OpenDatabase, openDatabase } from "../../src/database/database.ts";
import type { Role } from "../../src/database/schema/access.ts";
import { findNewRuns, findRun, findRuns, newestSequence, type RunFilter } from "../../src/runs/find-runs.ts";
import { lastInput } from "../../src/runs/last-input.ts";
import { rowsOf } from "../../src/runs/run-rows.ts";
import { drainedPosition, writeDrained } from "../../src/runs/write-runs.ts";
import { runRecord } from "./run-record.ts";
import { DATABASES, type StartedDatabase, startDatabase } from "./test-database.ts";

const LOG = pino({ enabled: false });
const NOON = Date.parse("2026-11-26T12:00:00Z");
const RECORDS = [
  runRecord({ id: "1", queuedAt: NOON, owner: "ada", function: "f" }),
  runRecord({
    id: "2",
    queuedAt: NOON,
    owner: "ada",
    function: "f",
    status: "failed",
    error: "100% broken_",
  }),
  runRecord({
    id: "3",
    queuedAt: NOON + 1,
    owner: "ada",
    function: "g",
    trigger: "schedule",
    versionNumber: 3,
  }),
  runRecord({ id: "4", queuedAt: NOON + 2, owner: "bob", function: "h", user: "ada", trigger: "invocation" }),
  runRecord({
    id: "5",
    queuedAt: NOON + 3,
    owner: "bob",
    function: "h",
    status: "killed",
    error: "Out of memory",
  }),
  runRecord({
    id: "6",
    queuedAt: NOON + 4,
    owner: "bob",
    function: "h",
    user: "vic",
    version: "ffffffffffff",
  }),
  runRecord({ id: "7", queuedAt: NOON + 5, owner: "ada", function: "f", user: "ada", input: '{"n":7}' }),
];

const who = (user: string, role: Role): Caller => ({ user, role, by: "token", address: "" });
const ADMIN = who("root", "admin");

describe.each(DATABASES)("on %s", (kind) => {
  let started: StartedDatabase;
  let database: OpenDatabase;

  beforeAll(async () => {
    started = await startDatabase(kind);
    database = await openDatabase(started.address, LOG);
    const after = await drainedPosition(database.db);
    await writeDrained(database.db, after, { position: "1-0", rows: rowsOf(RECORDS), usage: [] });
  });
  afterAll(async () => {
    await database?.stop();
    await started?.stop();
  });

  const find = async (filter: RunFilter, caller = ADMIN, limit = 100): Promise<string> =>
    (await findRuns(database.db, caller, filter, limit, undefined)).map(({ id }) => id).join("");

  test.each<[RunFilter, string]>([
    [{}, "7654321"],
    [{ function: "f" }, "721"],
    [{ owner: "bob" }, "654"],
    [{ status: "failed" }, "2"],
    [{ status: "completed", function: "f" }, "71"],
    [{ trigger: "schedule" }, "3"],
    [{ user: "ada" }, "74"],
    [{ from: new Date(NOON + 1), to: new Date(NOON + 3) }, "43"],
    [{ version: "ffffffffffff" }, "6"],
    [{ version: "3" }, "3"],
    [{ error: "OUT of" }, "5"],
    [{ error: "100%" }, "2"],
    [{ error: "n_" }, "2"],
    [{ error: "0_b" }, ""],
    [{ function: "none" }, ""],
  ])("the filter %j finds %s", async (filter, expected) => {
    expect(await find(filter)).toBe(expected);
  });

  test("everybody sees what they called, editors what they own besides, administrators all", async () => {
    expect(await find({}, who("vic", "viewer"))).toBe("6");
    expect(await find({}, who("ada", "viewer"))).toBe("74");
    expect(await find({}, who("ada", "editor"))).toBe("74321");
    expect(await find({}, who("ada", "editor"), 3)).toBe("743");
    expect(await find({ owner: "bob" }, who("ada", "editor"))).toBe("4");
    expect(await find({}, who("eve", "editor"))).toBe("");
    const one = (caller: Caller, id: string) => findRun(database.db, caller, id);
    expect(await one(who("vic", "viewer"), "5")).toBeUndefined();
    expect(await one(who("vic", "viewer"), "6")).toMatchObject({ id: "6" });
    expect(await one(who("bob", "editor"), "5")).toMatchObject({ id: "5" });
    expect(await one(ADMIN, "8")).toBeUndefined();
    const news = await findNewRuns(database.db, who("vic", "viewer"), {}, 0, 100);
    expect(news.map(({ id }) => id)).toEqual(["6"]);
    expect(await lastInput(database.db, who("vic", "viewer"), "f")).toBeUndefined();
    expect(await lastInput(database.db, who("ada", "viewer"), "f")).toEqual({ id: "7", input: '{"n":7}' });
  });

  test("pages end and begin between runs of one time", async () => {
    const ids: string[] = [];
    let after: Parameters<typeof findRuns>[4];
    for (;;) {
      const page = await findRuns(database.db, ADMIN, {}, 2, after);
      if (page.length === 0) break;
      ids.push(...page.map(({ id }) => id));
      after = page.at(-1);
    }
    expect(ids.join("")).toBe("7654321");
  });

  test("those that are written later are newer, whenever they were queued", async () => {
    const before = await newestSequence(database.db);
    const late = rowsOf([runRecord({ id: "0", queuedAt: NOON - 1 })]);
    await writeDrained(database.db, "1-0", { position: "2-0", rows: late, usage: [] });
    const found = await findNewRuns(database.db, ADMIN, {}, before, 100);
    expect(found.map(({ id }) => id)).toEqual(["0"]);
    expect(await newestSequence(database.db)).toBe(found[0]?.sequence);
  });
});
