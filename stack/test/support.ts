import { readFileSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort } from "@gaugelet/testing/ports";
import { onTestFinished } from "vitest";
import type { Part } from "../src/part.ts";
import { answersOk } from "../src/parts/answers.ts";
import { PORTS, readSettings, type Settings } from "../src/settings.ts";

/** A folder that goes away after the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "gaugelet-stack-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** The variables of a stack on free ports with a fresh state folder. */
export async function freshVariables(): Promise<Record<string, string>> {
  return await variablesFor(await temporaryFolder());
}

/** The variables of a stack on free ports that keeps its data in a folder. */
export async function variablesFor(state: string): Promise<Record<string, string>> {
  const variables: Record<string, string> = { GAUGELET_STATE_DIR: state };
  for (const { variable } of Object.values(PORTS)) variables[variable] = String(await freePort());
  return variables;
}

/** Settings of a stack on free ports with a fresh state folder. */
export async function freshSettings(more: Record<string, string> = {}): Promise<Settings> {
  return readSettings({ PATH: process.env.PATH, ...(await freshVariables()), ...more });
}

/** The part of fixtures/server.ts. */
export function testPart(name: string, port: number, journal: string, ...traits: string[]): Part {
  return {
    name,
    addresses: [],
    prepare: async () => ({
      command: process.execPath,
      args: [
        fileURLToPath(new URL("./fixtures/server.ts", import.meta.url)),
        name,
        String(port),
        journal,
        ...traits,
      ],
      environment: process.env,
    }),
    isReady: () => answersOk(port, "/"),
  };
}

/** The lines of a journal, without the process ids. */
export async function readEvents(journal: string): Promise<string[]> {
  const text = await readFile(journal, "utf8");
  return text
    .trim()
    .split("\n")
    .map((line) => line.replace(/ \d+$/, ""));
}

/** The newest process id that a journal notes for an event such as `web started`. */
export function readPid(journal: string, event: string): number {
  const lines = readFileSync(journal, "utf8").split("\n");
  const line = lines.findLast((text) => text.startsWith(`${event} `));
  if (line === undefined) throw new Error(`${journal} notes no ${event}`);
  return Number(line.slice(event.length + 1));
}

/** True as long as a process runs; one that ended but was not waited for yet counts as gone. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return process.platform !== "linux" || !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}
