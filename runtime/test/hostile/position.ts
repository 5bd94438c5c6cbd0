import { execFileSync } from "node:child_process";
import { realpathSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { PYTHON } from "../integration/harness.ts";

/** Where a hostile function is: its level, and whether the runtime may change users. */
export interface Position {
  readonly level: "process" | "sandbox" | "microvm";
  readonly runtime: "root" | "ordinary";
}

/** An ordinary user that nobody else is. */
export const ORDINARY_USER = 60_990;
export const isRoot = process.getuid?.() === 0;

/** Whether this machine can be in that position: only root can become an ordinary user as well. */
export function isPossible({ runtime }: Position): boolean {
  return process.platform === "linux" && (isRoot || runtime === "ordinary");
}

/** Makes what follows a program in that position: `[program, ...arguments]`. */
export function inPosition({ runtime }: Position, site: string, command: readonly string[]): string[] {
  if (!isRoot) return [...command];
  const user = ["--reuid", ORDINARY_USER, "--regid", ORDINARY_USER, "--clear-groups", "--inh-caps=-all"];
  const become = runtime === "root" ? [] : ["setpriv", ...user.map(String)];
  return ["unshare", "--mount", "bash", "-ec", showPython(site), "bash", ...become, ...command];
}

/** Python may lie below a folder like /root, which workers' users cannot pass: it is shown without what is around it. */
function showPython(site: string): string {
  const program = execFileSync(PYTHON, ["-c", "import sys; print(sys.base_prefix)"], { encoding: "utf8" });
  const prefix = realpathSync(program.trim());
  let closed: string | undefined;
  for (let folder = dirname(prefix); folder !== "/"; folder = dirname(folder)) {
    if ((statSync(folder).mode & 0o001) === 0) closed = folder;
  }
  const go = 'exec "$@"';
  if (closed === undefined) return go;
  return [
    `mount --bind '${prefix}' '${site}'`,
    `mount -t tmpfs -o mode=755 none '${closed}'`,
    `mkdir -p '${prefix}'`,
    `mount --bind '${site}' '${prefix}'`,
    `umount '${site}'`,
    go,
  ].join("\n");
}
