import { execFile } from "node:child_process";
import { readdir, readFile, readlink } from "node:fs/promises";
import { basename } from "node:path";
import { promisify } from "node:util";

/** Name and id of the process that listens on a port; undefined where the system does not tell. */
export async function findHolder(port: number): Promise<string | undefined> {
  try {
    const pid = process.platform === "linux" ? await findInProc(port) : await askLsof(port);
    return pid === undefined ? undefined : `${await nameOf(pid)} (process ${pid})`;
  } catch {
    return undefined;
  }
}

async function findInProc(port: number): Promise<string | undefined> {
  const inodes = await listeningInodes(port);
  for (const pid of await readdir("/proc")) {
    if (!/^\d+$/.test(pid)) continue;
    // Processes of other users do not show their files.
    const files = await readdir(`/proc/${pid}/fd`).catch(() => []);
    for (const file of files) {
      const target = await readlink(`/proc/${pid}/fd/${file}`).catch(() => "");
      if (inodes.has(target)) return pid;
    }
  }
  return undefined;
}

/** The sockets that listen on the port, named as the links in /proc/PID/fd name them. See proc_net(5). */
async function listeningInodes(port: number): Promise<Set<string>> {
  const hexPort = port.toString(16).toUpperCase().padStart(4, "0");
  const LISTENING = "0A";
  const tables = await Promise.all(
    ["/proc/net/tcp", "/proc/net/tcp6"].map((file) => readFile(file, "utf8").catch(() => "")),
  );
  const inodes = tables
    .flatMap((table) => table.split("\n"))
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local, , state]) => local?.endsWith(`:${hexPort}`) === true && state === LISTENING)
    .map((fields) => `socket:[${fields[9]}]`);
  return new Set(inodes);
}

async function askLsof(port: number): Promise<string | undefined> {
  const { stdout } = await promisify(execFile)("lsof", ["-nP", "-t", `-iTCP:${port}`, "-sTCP:LISTEN"], {
    timeout: 5_000,
  });
  return stdout.trim().split("\n")[0];
}

async function nameOf(pid: string): Promise<string> {
  const { stdout } = await promisify(execFile)("ps", ["-o", "args=", "-p", pid], { timeout: 5_000 });
  // The program alone: arguments may hold secrets.
  return basename(stdout.trim().split(/\s/)[0] ?? "");
}
