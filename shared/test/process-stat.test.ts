import { spawn } from "node:child_process";
import { copyFile, mkdtemp, readFile, rm } from "node:fs/promises";
import { setPriority, tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { statFields } from "../src/process-stat.ts";

test("fields of a process whose name has blanks and parentheses", async () => {
  const folder = await mkdtemp(join(tmpdir(), "gaugelet-stat-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const program = join(folder, "a) S 1 (b");
  await copyFile("/bin/sleep", program);
  const child = spawn(program, ["60"], { detached: true });
  onTestFinished(() => void child.kill());
  const pid = child.pid as number;
  setPriority(pid, 7);
  const text = await readFile(`/proc/${pid}/stat`, "utf8");
  expect(text).toContain("(a) S 1 (b)");
  const field = statFields(text);
  const [parent, session, niceness] = [field(4), field(6), field(19)];
  expect([parent, session, niceness]).toEqual([String(process.pid), String(pid), "7"]);
  expect(field(99)).toBeUndefined();
});
