import { spawn } from "node:child_process";
import { once } from "node:events";
import { rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { waitFor } from "@gaugelet/testing/wait";
import { pino } from "pino";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
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
