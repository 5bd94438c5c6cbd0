import { Problem } from "../problem.ts";
import { progressOf, type SetupContext } from "./context.ts";
import { canInstallDebianPackages, type DebianPackage, installDebianPackages } from "./debian.ts";
import { findCommand } from "./find-command.ts";

/** A program that has to be on the machine. */
export interface Program {
  /** What to look for on the PATH; the first that is found counts. */
  readonly commands: readonly string[];
  readonly debian: DebianPackage;
  readonly homebrew: string;
}

export const REDIS_SERVER: Program = {
  commands: ["redis-server"],
  debian: { name: "redis-server", services: ["redis-server"] },
  homebrew: "redis",
};

export const PROMETHEUS: Program = {
  commands: ["prometheus"],
  debian: { name: "prometheus", services: ["prometheus"] },
  homebrew: "prometheus",
};

/** Debian's package renames the program. */
export const ALERTMANAGER: Program = {
  commands: ["alertmanager", "prometheus-alertmanager"],
  debian: { name: "prometheus-alertmanager", services: ["prometheus-alertmanager"] },
  homebrew: "alertmanager",
};

/** What the tests' Kafka runs on. */
export const JAVA: Program = {
  commands: ["java"],
  debian: { name: "openjdk-17-jre-headless", services: [] },
  homebrew: "openjdk@17",
};

/** Fetches the tests' Kafka. */
export const MAVEN: Program = {
  commands: ["mvn"],
  debian: { name: "maven", services: [] },
  homebrew: "maven",
};

/** What the tests' PostgreSQL is started by; Debian keeps the server's own programs off the PATH. */
const POSTGRESQL: Program = {
  commands: ["pg_ctlcluster", "pg_ctl"],
  debian: { name: "postgresql", services: ["postgresql"] },
  homebrew: "postgresql@17",
};

const CHROMIUM: Program = {
  commands: ["chromium", "chromium-browser", "google-chrome"],
  debian: { name: "chromium", services: [] },
  homebrew: "--cask chromium",
};

/** Gives a program another clock. */
const FAKETIME: Program = {
  commands: ["faketime"],
  debian: { name: "faketime", services: [] },
  homebrew: "libfaketime",
};

/** A registry of images. */
export const DOCKER_REGISTRY: Program = {
  commands: ["docker-registry", "registry"],
  debian: { name: "docker-registry", services: ["docker-registry"] },
  homebrew: "docker-distribution",
};

/** Makes load over HTTP. */
const WRK: Program = {
  commands: ["wrk"],
  debian: { name: "wrk", services: [] },
  homebrew: "wrk",
};

/** Asks registries where no docker does. */
const SKOPEO: Program = {
  commands: ["skopeo", "docker"],
  debian: { name: "skopeo", services: [] },
  homebrew: "skopeo",
};

/** Runs virtual machines. */
const QEMU: Program = {
  commands: ["qemu-system-x86_64"],
  debian: { name: "qemu-system-x86", services: [] },
  homebrew: "qemu",
};

/** The sandbox around QEMU. */
const BUBBLEWRAP: Program = {
  commands: ["bwrap"],
  debian: { name: "bubblewrap", services: [] },
  homebrew: "bubblewrap",
};

/** Makes the file system that virtual machines boot from. */
const EROFS: Program = {
  commands: ["mkfs.erofs"],
  debian: { name: "erofs-utils", services: [] },
  homebrew: "erofs-utils",
};

/** The first program of a boot. */
const BUSYBOX: Program = {
  commands: ["busybox"],
  debian: { name: "busybox-static", services: [] },
  homebrew: "busybox",
};

/** What virtual machines take, besides a kernel. */
export const MACHINE_PROGRAMS: readonly Program[] = [QEMU, BUBBLEWRAP, EROFS, BUSYBOX];

/** Cuts networks. */
const IPROUTE: Program = {
  commands: ["ip"],
  debian: { name: "iproute2", services: [] },
  homebrew: "iproute2mac",
};

/**
 * Full path of a program that was set up.
 *
 * @throws Problem where it is not on the PATH.
 */
export function locate(program: Program): string {
  const file = findCommand(...program.commands);
  if (file === undefined) throw new Problem(`${program.commands.join(" or ")} is not on the PATH`);
  return file;
}

/** Make sure that the servers the stack runs are there. */
export async function setupServices(
  context: SetupContext & { without?: readonly Program[] } = {},
): Promise<void> {
  const wanted = [REDIS_SERVER, PROMETHEUS, ALERTMANAGER];
  await setupPrograms(
    wanted.filter((program) => context.without?.includes(program) !== true),
    context,
  );
}

/** Make sure that a PostgreSQL is there, which tests start servers of their own from. */
export async function setupPostgresql(context: SetupContext = {}): Promise<void> {
  await setupPrograms([POSTGRESQL], context);
}

/** Make sure that a Chromium is there, which the tests of the dashboards look at them with. */
export async function setupChromium(context: SetupContext = {}): Promise<void> {
  await setupPrograms([CHROMIUM], context);
}

/** Make sure that what the fault tests bring faults about with is there. */
export async function setupFaults(context: SetupContext = {}): Promise<void> {
  await setupPrograms([FAKETIME, IPROUTE], context);
}

/** Make sure that what benchmarks call functions over HTTP with is there. */
export async function setupWrk(context: SetupContext = {}): Promise<void> {
  await setupPrograms([WRK], context);
}

/** Make sure that what the tests of the images ask and answer with is there. */
export async function setupRegistry(context: SetupContext = {}): Promise<void> {
  await setupPrograms([DOCKER_REGISTRY, SKOPEO], context);
}

/** @throws Problem that says what to install, where this process may not install it. */
export async function setupPrograms(programs: readonly Program[], context: SetupContext): Promise<void> {
  const missing = programs.filter((program) => findCommand(...program.commands) === undefined);
  if (missing.length === 0) return;
  if (!canInstallDebianPackages()) throw new Problem(howToInstall(missing));
  const packages = missing.map((program) => program.debian);
  await progressOf(context).step(`install ${packages.map(({ name }) => name).join(", ")}`, (step) =>
    installDebianPackages(packages, step, context.signal),
  );
  const stillMissing = missing.filter((program) => findCommand(...program.commands) === undefined);
  if (stillMissing.length === 0) return;
  throw new Problem(
    `${stillMissing.map(({ debian, commands }) => `the package ${debian.name} is installed, but ${commands.join(" or ")} is not on the PATH`).join("; ")}`,
  );
}

function howToInstall(missing: readonly Program[]): string {
  const names = missing.map(({ commands }) => commands[0]).join(", ");
  const debian = missing.map(({ debian: { name } }) => name).join(" ");
  const homebrew = missing.map((program) => program.homebrew).join(" ");
  return [
    `not found on the PATH: ${names}. Install them, then run the command again:`,
    `    Debian, Ubuntu: sudo apt-get install ${debian}`,
    `    macOS:          brew install ${homebrew}`,
    `    elsewhere:      the packages of the same names, or for Prometheus and Alertmanager the archives from`,
    `                    https://prometheus.io/download/`,
  ].join("\n");
}
