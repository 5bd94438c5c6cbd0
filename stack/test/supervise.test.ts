import { execFileSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { freePort } from "@gaugelet/testing/ports";
import { waitFor } from "@gaugelet/testing/wait";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { answersOk } from "../src/parts/answers.ts";
import { type Patience, Supervisor } from "../src/supervise.ts";
import { isAlive, readEvents, readPid, temporaryFolder, testPart } from "./support.ts";

const patience: Patience = {
  ready: 30_000,
  stop: 9_000,
  firstPause: 20,
  longestPause: 80,
  recovered: 60_000,
};

let folder: string;
let journal: string;
let reports: string[];

beforeEach(async () => {
  folder = await temporaryFolder();
  journal = join(folder, "journal");
  reports = [];
});

function newSupervisor(changes: Partial<Patience> = {}): Supervisor {
  const supervisor = new Supervisor(folder, (line) => reports.push(line), { ...patience, ...changes });
  onTestFinished(() => supervisor.kill());
  return supervisor;
}

test("parts answer when start returns, and end in reverse order", async () => {
  const supervisor = newSupervisor();
  for (const name of ["first", "second", "third"]) {
    const port = await freePort();
    await supervisor.start(testPart(name, port, journal));
    expect(await answersOk(port, "/")).toBe(true);
  }
  await supervisor.stop();
  expect(await readEvents(journal)).toEqual([
    "first started",
    "second started",
    "third started",
    "third asked to stop",
    "second asked to stop",
    "first asked to stop",
  ]);
  expect(reports).toEqual([]);
});

test("a part has a process group of its own, which a terminal's Ctrl-C does not reach", async () => {
  const supervisor = newSupervisor();
  await supervisor.start(testPart("web", await freePort(), journal));
  const pid = readPid(journal, "web started");
  const group = execFileSync("ps", ["-o", "pgid=", "-p", String(pid)], { encoding: "utf8" });
  expect(Number(group)).toBe(pid);
  await supervisor.stop();
});

test("a part that dies is reported and started again, with longer and longer pauses", async () => {
  const supervisor = newSupervisor({ firstPause: 100, longestPause: 400 });
  const port = await freePort();
  await supervisor.start(testPart("web", port, journal));
  for (const round of [1, 2, 3, 4]) {
    process.kill(readPid(journal, "web started"), "SIGKILL");
    await waitFor("the part answers again", () => reports.length === round * 2);
    expect(await answersOk(port, "/")).toBe(true);
  }
  await supervisor.stop();
  const deaths = reports.filter((_, index) => index % 2 === 0);
  expect(deaths[0]).toMatch(/^web ended \(SIGKILL\) after .* s; starting it again .* Its log: .*web\.log$/);
  expect(deaths.map((line) => / in ([\d.]+) s\./.exec(line)?.[1])).toEqual(["0.1", "0.2", "0.4", "0.4"]);
  expect(reports.filter((_, index) => index % 2 === 1)).toEqual(Array(4).fill("web answers again"));
});

test("pauses begin anew after a part has run long enough", async () => {
  const supervisor = newSupervisor({ firstPause: 100, longestPause: 10_000, recovered: 0 });
  await supervisor.start(testPart("web", await freePort(), journal));
  for (const round of [1, 2]) {
    process.kill(readPid(journal, "web started"), "SIGKILL");
    await waitFor("the part answers again", () => reports.length === round * 2);
  }
  await supervisor.stop();
  expect(reports[0]).toContain("in 0.1 s");
  expect(reports[2]).toContain("in 0.1 s");
});

test("a part that cannot be prepared any more is tried again until it can", async () => {
  const part = testPart("web", await freePort(), journal);
  let attempts = 0;
  const supervisor = newSupervisor();
  await supervisor.start({
    ...part,
    async prepare() {
      attempts += 1;
      if (attempts === 2 || attempts === 3) throw new Error("the disk is full");
      return await part.prepare();
    },
  });
  process.kill(readPid(journal, "web started"), "SIGKILL");
  await waitFor("the part answers again", () => reports.includes("web answers again"));
  await supervisor.stop();
  expect(reports.filter((line) => line.startsWith("web ended (the disk is full)"))).toHaveLength(2);
});

test("a part that ends before it answers fails the start, with its last words", async () => {
  const supervisor = newSupervisor();
  await expect(supervisor.start(testPart("web", await freePort(), journal, "fails"))).rejects.toThrow(
    /^web ended before it answered \(exit code 3\)\. Its last lines:\n {4}web says hello\n {4}web found a mistake in its configuration\nThe full log: .*web\.log$/,
  );
  await supervisor.stop();
  expect(reports).toEqual([]);
});

test("a part that never answers fails the start", async () => {
  const supervisor = newSupervisor({ ready: 300 });
  const part = testPart("web", await freePort(), journal, "mute");
  await expect(supervisor.start(part)).rejects.toThrow("web did not answer within 0.3 s.");
  await supervisor.stop();
});

test("a program that is not there fails the start", async () => {
  const supervisor = newSupervisor();
  const part = testPart("web", await freePort(), journal);
  const command = { command: "/no/such/program", args: [], environment: process.env };
  await expect(supervisor.start({ ...part, prepare: async () => command })).rejects.toThrow(
    /ENOENT|No such file/,
  );
  await supervisor.stop();
});

test("a stop during the start ends it", async () => {
  const supervisor = newSupervisor();
  const start = supervisor.start(testPart("web", await freePort(), journal, "mute"));
  const outcome = expect(start).rejects.toThrow(/abort/i);
  const pid = await waitFor("the process is there", () => readPid(journal, "web started"));
  await supervisor.stop();
  await outcome;
  expect(isAlive(pid)).toBe(false);
});

test("a part that does not end in time is killed with what it started; the others still end in order", async () => {
  const supervisor = newSupervisor({ stop: 1_000 });
  await supervisor.start(testPart("store", await freePort(), journal));
  await supervisor.start(testPart("web", await freePort(), journal, "stubborn", "has-child"));
  const pids = [readPid(journal, "web started"), readPid(journal, "web child")];
  await supervisor.stop();
  await waitFor("both are gone", () => !pids.some(isAlive));
  expect(reports).toEqual([expect.stringMatching(/^web did not end within .* s and was killed$/)]);
  expect(await readEvents(journal)).toContain("store asked to stop");
});

test("what a part started is killed when the part has ended", async () => {
  const supervisor = newSupervisor();
  await supervisor.start(testPart("web", await freePort(), journal, "has-child"));
  const child = readPid(journal, "web child");
  await supervisor.stop();
  await waitFor("the part's own child is gone", () => !isAlive(child));
});

test("the log of the last start is kept beside the new one", async () => {
  const port = await freePort();
  for (const name of ["one", "two"]) {
    const supervisor = newSupervisor();
    await supervisor.start({ ...testPart(name, port, journal), name: "web" });
    await supervisor.stop();
  }
  expect(await readFile(join(folder, "web.log"), "utf8")).toBe("two says hello\n");
  expect(await readFile(join(folder, "web.log.1"), "utf8")).toBe("one says hello\n");
});

test("a part's remains are taken away before each of its starts and at the end", async () => {
  const events: string[] = [];
  const part = testPart("web", await freePort(), journal);
  const supervisor = newSupervisor();
  await supervisor.start({
    ...part,
    prepare() {
      events.push("prepare");
      return part.prepare();
    },
    cleanUp: async () => void events.push("clean up"),
  });
  process.kill(readPid(journal, "web started"), "SIGKILL");
  await waitFor("the part answers again", () => reports.includes("web answers again"));
  await supervisor.stop();
  expect(events).toEqual(["clean up", "prepare", "clean up", "prepare", "clean up"]);
});

test("a part that is removed ends, and the others run on", async () => {
  const supervisor = newSupervisor();
  const web = testPart("web", await freePort(), journal);
  const port = await freePort();
  await supervisor.start(testPart("store", port, journal));
  await supervisor.start(web);
  const pid = readPid(journal, "web started");
  await supervisor.remove(web);
  expect(isAlive(pid)).toBe(false);
  expect(await answersOk(port, "/")).toBe(true);
  await supervisor.stop();
  expect(reports).toEqual([]);
});
