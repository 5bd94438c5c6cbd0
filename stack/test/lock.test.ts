import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { LockHeld, takeLock, withLock } from "../src/lock.ts";
import { temporaryFolder } from "./support.ts";

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await temporaryFolder();
  file = join(folder, "lock");
});

/** Another process that takes the lock and says `taken`, or `held by PID`. */
async function otherProcess(): Promise<{ child: ChildProcess; says: string }> {
  const script = fileURLToPath(new URL("./fixtures/lock-taker.ts", import.meta.url));
  const child = spawn(process.execPath, [script, file], { stdio: ["pipe", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  const [says] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
  return { child, says };
}

test("a lock is taken once, and again after it was let go", async () => {
  const lock = await takeLock(file);
  expect(lock.wasAbandoned).toBe(false);
  await expect(takeLock(file)).rejects.toThrow(LockHeld);
  await lock.release();
  expect((await takeLock(file)).wasAbandoned).toBe(false);
});

test("a lock that another process holds names that process", async () => {
  const { child, says } = await otherProcess();
  expect(says).toBe("taken");
  await expect(takeLock(file)).rejects.toMatchObject({ pid: child.pid, file });
});

test("a lock whose process was killed is taken over, once", async () => {
  const { child } = await otherProcess();
  const exit = once(child, "exit");
  child.kill("SIGKILL");
  await exit;
  const others = await Promise.all([otherProcess(), otherProcess(), otherProcess(), otherProcess()]);
  const winner = others.filter(({ says }) => says === "taken");
  expect(winner).toHaveLength(1);
  const loser = `held by ${winner[0]?.child.pid}`;
  expect(others.filter(({ says }) => says === loser)).toHaveLength(3);
  expect(await readdir(folder)).toEqual(["lock"]);
});

test("a process that was given the id of the one that held the lock does not hold it", async () => {
  const first = await takeLock(file);
  const content = JSON.parse(await readFile(file, "utf8")) as Record<string, unknown>;
  await first.release();
  await writeFile(file, JSON.stringify({ ...content, started: "long ago" }));
  expect((await takeLock(file)).wasAbandoned).toBe(true);
});

test.each(["", "nonsense", "{}", '{"pid":"1"}', "null"])("the content %j is no lock", async (content) => {
  await writeFile(file, content);
  expect((await takeLock(file)).wasAbandoned).toBe(true);
});

test("work waits until the lock is free", async () => {
  const { child } = await otherProcess();
  const waitedFor: number[] = [];
  const work = withLock(
    file,
    {
      onWait(pid) {
        waitedFor.push(pid);
        child.kill("SIGKILL");
      },
    },
    async () => "done",
  );
  expect(await work).toBe("done");
  expect(waitedFor).toEqual([child.pid]);
});

test("the lock is free again after work that fails", async () => {
  const failing = withLock(file, { onWait: () => {} }, () => Promise.reject(new Error("no luck")));
  await expect(failing).rejects.toThrow("no luck");
  expect((await takeLock(file)).wasAbandoned).toBe(false);
});

test("waiting ends when it is told to", async () => {
  const lock = await takeLock(file);
  const stop = new AbortController();
  const work = withLock(file, { onWait: () => stop.abort(), signal: stop.signal }, async () => "done");
  await expect(work).rejects.toThrow(/abort/i);
  await lock.release();
});
