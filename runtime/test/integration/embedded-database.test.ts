import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { waitFor } from "@gaugelet/testing/wait";
import { pino } from "pino";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { openEmbedded } from "../../src/database/embedded/embedded.ts";
import { emptyEmbedded } from "../api/test-database.ts";
import { childrenOf } from "./harness.ts";

const LOG = pino({ enabled: false });
const PATIENT = { ready: 120_000, query: 120_000, end: 120_000 };
const NEVER = new AbortController().signal;
const PROGRAM = fileURLToPath(new URL("../../src/database/embedded/main.ts", import.meta.url));
/** The first embedded database takes seconds of a processor to make, which others may be using. */
const HOOK_MILLISECONDS = 240_000;

let folder: string;
beforeAll(async () => {
  folder = await emptyEmbedded();
}, HOOK_MILLISECONDS);
afterAll(() => rm(folder, { recursive: true, force: true }));

test("a process that hangs is killed, and another serves", async () => {
  const opened = await openEmbedded(folder, LOG, NEVER, { ...PATIENT, query: 2_000, end: 100 });
  onTestFinished(() => opened.stop());
  const { pool } = opened;
  await pool.query("select 1");
  const [hanging = 0] = await childrenOf(process.pid, folder);
  process.kill(hanging, "SIGSTOP");
  await expect(pool.query("select 1")).rejects.toThrow("Query read timeout");
  const answers = await waitFor("an answer", () =>
    pool.query("select 1 as one").then(
      ({ rows }) => rows,
      () => undefined,
    ),
  );
  expect(answers).toEqual([{ one: 1 }]);
});

test("a process that does not come to serve is killed", async () => {
  // None is as quick.
  await expect(openEmbedded(folder, LOG, NEVER, { ...PATIENT, ready: 1 })).rejects.toThrow(
    `the embedded database in ${folder} could not be started: it did not serve within 1ms, and was killed`,
  );
  await waitFor("it to be gone", async () => (await childrenOf(process.pid, folder)).length === 0);
});

test.runIf(process.platform === "linux")(
  "a folder that a process elsewhere has locked is in use",
  async () => {
    // As the database of another container does, which has the same volume and another network.
    const other = spawn("flock", [folder, "sh", "-c", "echo locked; read line"], {
      stdio: ["pipe", "pipe", "ignore"],
    });
    await once(other.stdout, "data");
    await expect(openEmbedded(folder, LOG, NEVER)).rejects.toThrow(
      /is in use by the database of another runtime/,
    );
    other.stdin.end("\n");
    await once(other, "close");
    await (await openEmbedded(folder, LOG, NEVER)).stop();
  },
);

test.runIf(process.platform === "linux")("a folder that nothing can be written to is told", async () => {
  await expect(openEmbedded("/sys/kernel", LOG, NEVER)).rejects.toThrow(
    /^the embedded database in \/sys\/kernel could not be started: nothing can be written there: E\w+: [^\n]+$/,
  );
});

test("of a folder that cannot be found or read is told why, on one line", async () => {
  const child = spawn(process.execPath, [PROGRAM, join(folder, "gone")], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [said, complained] = await Promise.all([text(child.stdout), text(child.stderr)]);
  expect(said).toMatch(/^nothing can be written there: ENOENT: [^\n]+\n$/);
  expect(complained).toBe("");
});

test("a folder may be a link to one, as on another disk", async () => {
  const link = `${folder}-link`;
  await symlink(folder, link);
  onTestFinished(() => rm(link));
  const opened = await openEmbedded(link, LOG, NEVER);
  onTestFinished(() => opened.stop());
  expect((await opened.pool.query("select 1 as one")).rows).toEqual([{ one: 1 }]);
});

test("its log does not grow for as long as it is open", async () => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  onTestFinished(() => {
    vi.useRealTimers();
  });
  const opened = await openEmbedded(folder, LOG, NEVER);
  onTestFinished(() => opened.stop());
  const { pool } = opened;
  /** Begin another file of the log, of 16 MiB. */
  const goOn = () => pool.query("select pg_logical_emit_message(false, '', ''), pg_switch_wal()");
  const checkpointedAt = async () =>
    (await pool.query<{ at: string }>("select redo_lsn::text as at from pg_control_checkpoint()")).rows[0]
      ?.at;
  const before = await checkpointedAt();
  await goOn();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(await checkpointedAt()).toBe(before);
  for (let files = 0; files < 40; files += 1) {
    await goOn();
    if (files % 10 === 9) await vi.advanceTimersByTimeAsync(60_000);
  }
  // The one connection is free again once that is done.
  expect(await checkpointedAt()).not.toBe(before);
  const files = (await readdir(join(folder, "pg_wal"))).filter((name) => /^[0-9A-F]{24}$/.test(name));
  expect(files.length).toBeLessThan(30);
});
