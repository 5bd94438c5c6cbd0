import { execFile } from "node:child_process";
import { readdir, readFile, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import { childrenOf, isSpare } from "../integration/harness.ts";
import { DISK_OF_A_TEST } from "../microvm/machines.ts";
import { SHARED_FOLDERS, type Stage } from "./stage.ts";

/** What workers have of the machine, to compare before with after. */
export interface Traces {
  /** All processes below the zygote but the spare, which is another one after each start. */
  readonly processes: readonly number[];
  /** Control groups, the zygote's too, but the spare's. */
  readonly groups: number;
  /** Virtual machines. */
  readonly machines: number;
  readonly scratchFolders: number;
  readonly mounts: number;
  /** System V objects of workers' users. */
  readonly systemV: readonly string[];
}

export async function tracesOf(stage: Stage): Promise<Traces> {
  return {
    processes: (await descendantsOf(stage.pids.zygote)).sort((a, b) => a - b),
    groups: (await groupsOf(stage.pids.zygote)).length,
    machines: (await childrenOf(stage.pids.runtime, "bwrap")).length,
    scratchFolders: (await scratchFoldersOf(stage)).length,
    mounts: await countMounts(stage),
    systemV: await systemVObjects(stage),
  };
}

async function countMounts({ pids }: Stage): Promise<number> {
  const mounts = await readFile(`/proc/${pids.runtime}/mountinfo`, "utf8");
  return mounts.split("\n").filter((mount) => !mount.includes(DISK_OF_A_TEST)).length;
}

/** What a worker leaves comes to be the zygote's, so that all of a runtime is below it. */
export async function descendantsOf(pid: number): Promise<number[]> {
  const tasks = await readdir(`/proc/${pid}/task`).catch(() => []);
  const children = await Promise.all(
    tasks.map((task) => readFile(`/proc/${pid}/task/${task}/children`, "utf8").catch(() => "")),
  );
  const all = children.join(" ").split(" ").filter(Boolean).map(Number);
  const areSpares = await Promise.all(all.map(isSpare));
  const pids = all.filter((_, index) => !areSpares[index]);
  return [...pids, ...(await Promise.all(pids.map(descendantsOf))).flat()];
}

/** The control groups that the zygote made, but the spare's. */
async function groupsOf(zygote: number): Promise<string[]> {
  const { folder } = await groupOf(zygote);
  const names = await readdir(folder).catch(() => []);
  const children = await childrenOf(zygote, "");
  const ofSpares = await Promise.all(
    children.map(async (pid) => ((await isSpare(pid)) ? (await groupOf(pid)).name : "")),
  );
  return names.filter((name) => name.startsWith(`gaugelet-zygote-${zygote}-`) && !ofSpares.includes(name));
}

/** The control group that a process is in. */
async function groupOf(pid: number): Promise<{ readonly folder: string; readonly name: string }> {
  const lines = (await readFile(`/proc/${pid}/cgroup`, "utf8").catch(() => "")).split("\n");
  const line =
    lines.find((each) => each.split(":")[1] === "memory") ?? lines.find((each) => each.startsWith("0::"));
  const [, controller = "", path = "/"] = line?.split(":") ?? [];
  return { folder: join("/sys/fs/cgroup", controller, dirname(path)), name: basename(path) };
}

/** The folders of workers in the runtime's folder for temporary files. */
export async function scratchFoldersOf({ folder }: Stage): Promise<string[]> {
  const found: string[] = [];
  for (const base of await readdir(join(folder, "tmp"))) {
    for (const name of await readdir(join(folder, "tmp", base)).catch(() => [])) {
      found.push(join(folder, "tmp", base, name));
    }
  }
  return found;
}

/** Kinds of System V objects: their tables in /proc, and the option of ipcrm that removes one. */
const SYSTEM_V = { shm: "-m", sem: "-s", msg: "-q" } as const;

/** Those of the users of the stage's workers, as arguments of ipcrm. */
async function systemVObjects(stage: Stage): Promise<string[]> {
  const own = (await stat(`/proc/${stage.pids.runtime}`)).uid;
  const found: string[] = [];
  for (const [kind, option] of Object.entries(SYSTEM_V)) {
    const [names = "", ...lines] = (await readFile(`/proc/sysvipc/${kind}`, "utf8")).trim().split("\n");
    const user = names.trim().split(/\s+/).indexOf("uid");
    for (const line of lines) {
      const columns = line.trim().split(/\s+/);
      const number = Number(columns[user]);
      if (isWorkersUser(number) || (own !== 0 && number === own)) found.push(`${option}${columns[1]}`);
    }
  }
  return found;
}

/** The user ids that the zygote gives to workers; runtime/python/gaugelet_worker/isolation/users.py chooses them. */
function isWorkersUser(user: number): boolean {
  return user >= 200_000 && user < 265_536;
}

/** Remove what a test that fails has left, for the sake of the tests after it. */
export async function removeSystemVObjects(stage: Stage): Promise<void> {
  const found = await systemVObjects(stage);
  if (found.length > 0) await promisify(execFile)("ipcrm", found);
}

/** Take away what hostile functions wrote where everybody can. @returns the folders that it was in. */
export async function sweep(token: string): Promise<string[]> {
  const found = new Set<string>();
  for (const folder of SHARED_FOLDERS) {
    for (const name of await readdir(folder)) {
      if (!name.startsWith(token)) continue;
      found.add(folder);
      await rm(join(folder, name));
    }
  }
  return [...found];
}
