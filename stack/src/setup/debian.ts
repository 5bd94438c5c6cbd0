import { existsSync, readdirSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { withLock } from "../lock.ts";
import { Problem } from "../problem.ts";
import type { Step } from "../progress.ts";
import { TOOLS_FOLDER } from "../root.ts";
import { findCommand } from "./find-command.ts";
import { runTool } from "./run-tool.ts";

/** A Debian package, and the system services that it brings. */
export interface DebianPackage {
  readonly name: string;
  readonly services: readonly string[];
}

const PACKAGE_LISTS = "/var/lib/apt/lists";
const POLICY_FILE = "/usr/sbin/policy-rc.d";

/**
 * Packages ask this program before they start their service; 101 means no.
 * Source: https://people.debian.org/~hmh/invokerc.d-policyrc.d-specification.txt
 */
const POLICY = `#!/bin/sh
# Put here by Gaugelet while it installs packages; it removes the file again.
exit 101
`;

/** True where this process may install Debian packages: as root on Debian, Ubuntu and their like. */
export function canInstallDebianPackages(): boolean {
  return (
    process.getuid?.() === 0 && existsSync("/etc/debian_version") && findCommand("apt-get") !== undefined
  );
}

/**
 * Install packages without letting them start their services, now or at the next start of the machine: those
 * would take the ports that the stack is about to use.
 *
 * @throws Problem with apt-get's last words where it fails.
 */
export async function installDebianPackages(
  packages: readonly DebianPackage[],
  step: Step,
  signal: AbortSignal | undefined,
): Promise<void> {
  const run = (command: string, args: readonly string[]): Promise<void> =>
    runTool({ command, args, env: aptEnvironment(), log: "apt", step, signal });
  await mkdir(TOOLS_FOLDER, { recursive: true });
  const onWait = (pid: number): void => step.detail(`process ${pid} is installing packages; waiting`);
  await withLock(join(TOOLS_FOLDER, "apt.lock"), { onWait, signal }, async () => {
    const policyIsOurs = await placePolicy();
    try {
      await aptInstall(packages, run, signal);
      const services = packages.flatMap((debianPackage) => debianPackage.services);
      if (existsSync("/run/systemd/system")) {
        if (services.length > 0) await run("systemctl", ["disable", "--now", ...services]);
      } else if (!policyIsOurs) {
        // The machine's own policy may have let them start; some call it a failure to stop where they had not.
        for (const service of services) await attempt(run("service", [service, "stop"]), signal);
      }
    } finally {
      if (policyIsOurs) await rm(POLICY_FILE, { force: true });
    }
  });
}

type Run = (command: string, args: readonly string[]) => Promise<void>;

async function aptInstall(
  packages: readonly DebianPackage[],
  run: Run,
  signal: AbortSignal | undefined,
): Promise<void> {
  const options = ["-y", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=300"];
  const install = ["install", ...options, ...packages.map(({ name }) => name)];
  if (!listsAreEmpty()) {
    if (await attempt(run("apt-get", install), signal)) return;
  }
  // The lists may be missing or name versions that the server no longer has, and an earlier installation may
  // have been cut off. Where mending that fails too, apt-get's own words say more.
  await attempt(run("dpkg", ["--configure", "-a"]), signal);
  await attempt(run("apt-get", ["update"]), signal);
  await run("apt-get", install);
}

/** @returns whether it worked; the log says why where it did not. */
async function attempt(running: Promise<void>, signal: AbortSignal | undefined): Promise<boolean> {
  try {
    await running;
    return true;
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof Problem)) throw error;
    return false;
  }
}

function aptEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, DEBIAN_FRONTEND: "noninteractive", LC_ALL: "C.UTF-8" };
}

function listsAreEmpty(): boolean {
  try {
    return !readdirSync(PACKAGE_LISTS).some((file) => file.includes("_Packages"));
  } catch {
    return true;
  }
}

/** Forbid the start of services; false where the machine has a policy of its own, which stays. */
async function placePolicy(): Promise<boolean> {
  try {
    await writeFile(POLICY_FILE, POLICY, { flag: "wx", mode: 0o755 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    // One that an installation left behind when it was killed.
    return (await readFile(POLICY_FILE, "utf8")) === POLICY;
  }
}
