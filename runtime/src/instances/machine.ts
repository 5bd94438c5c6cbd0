import { readFile, statfs } from "node:fs/promises";
import {
  arch,
  availableParallelism,
  freemem,
  hostname,
  loadavg,
  networkInterfaces,
  release,
  type as systemName,
  totalmem,
} from "node:os";
import type { ListenAddress } from "../configuration/environment.ts";
import type { InstanceRecord } from "./instance.ts";

const MOST_MOUNTS = 64;
/** What the kernel shows of itself as files, and holds nothing of anybody's. */
const KERNEL_TYPES =
  /^(proc|sysfs|devpts|cgroup2?|mqueue|debugfs|tracefs|securityfs|pstore|bpf|configfs|fusectl|hugetlbfs|autofs|binfmt_misc|nsfs|efivarfs|rpc_pipefs|devtmpfs)$/;
const ANY_ADDRESS = /^(0\.0\.0\.0|::)$/;

/** What is true of a machine for as long as a process of it runs. */
export type MachineFacts = Pick<InstanceRecord, "host" | "system">;

/** What is true of a machine now. */
export type MachineState = Pick<InstanceRecord, "processors" | "loadAverage" | "memory" | "disk" | "mounts">;

export async function machineFacts(): Promise<MachineFacts> {
  return {
    host: hostname(),
    system: {
      name: (await distribution()) ?? systemName(),
      kernel: `${systemName()} ${release()}`,
      architecture: arch(),
      node: process.version,
    },
  };
}

/** @param folder on the disk that is looked at; it may not be there yet. */
export async function machineState(folder: string): Promise<MachineState> {
  // In a container, what it may have counts and not what the machine has.
  const allowed = process.constrainedMemory();
  const isBound = allowed > 0 && allowed < totalmem();
  return {
    processors: availableParallelism(),
    loadAverage: loadavg(),
    memory: {
      totalBytes: isBound ? allowed : totalmem(),
      freeBytes: isBound ? process.availableMemory() : freemem(),
      processBytes: process.memoryUsage.rss(),
    },
    disk: await diskOf(folder),
    mounts: await mounts(),
  };
}

/** Where a server that listens here can be reached by others; null where it does not listen. */
export function addressOf(listen: ListenAddress | undefined): string | null {
  if (listen === undefined) return null;
  const host = ANY_ADDRESS.test(listen.address) ? (ownAddress() ?? listen.address) : listen.address;
  return `http://${host.includes(":") ? `[${host}]` : host}:${listen.port}`;
}

function ownAddress(): string | undefined {
  const all = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  return all.filter(({ internal }) => !internal).sort((a, b) => a.family.localeCompare(b.family))[0]?.address;
}

async function distribution(): Promise<string | undefined> {
  const text = await readFile("/etc/os-release", "utf8").catch(() => "");
  return /^PRETTY_NAME="?(.*?)"?$/m.exec(text)?.[1];
}

async function diskOf(folder: string): Promise<InstanceRecord["disk"]> {
  const found = await statfs(folder).catch(() => statfs("/").catch(() => undefined));
  if (found === undefined) return null;
  const { bsize, blocks, bavail } = found;
  return { path: folder, totalBytes: blocks * bsize, freeBytes: bavail * bsize };
}

async function mounts(): Promise<InstanceRecord["mounts"]> {
  const text = await readFile("/proc/self/mounts", "utf8").catch(() => "");
  return text
    .split("\n")
    .map((line) => line.split(" "))
    .flatMap(([device = "", path, type = "", options = ""]) =>
      path === undefined || KERNEL_TYPES.test(type)
        ? []
        : [
            {
              path: unescaped(path),
              type,
              device: unescaped(device),
              isReadOnly: /(^|,)ro(,|$)/.test(options),
            },
          ],
    )
    .slice(0, MOST_MOUNTS);
}

/** The kernel writes blanks and backslashes as octal numbers. */
function unescaped(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
}
