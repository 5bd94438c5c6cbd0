import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { promisify } from "node:util";
import type { Command } from "../part.ts";
import { findCommand } from "../setup/find-command.ts";
import { GRAFANA_VERSION } from "./version.ts";

const IMAGE = `docker.io/grafana/grafana:${GRAFANA_VERSION}`;
const run = promisify(execFile);

/** A container engine that answers, and has Grafana's image. */
export interface GrafanaContainer {
  readonly engine: string;
  /** True where the engine runs as this user: root in a container is this user then. */
  readonly isRootless: boolean;
}

/** What Grafana's container may see of this machine: each folder at the same path inside. */
export interface ContainerFolders {
  readonly readOnly: readonly string[];
  readonly writable: readonly string[];
}

/** Docker or Podman with Grafana's image, which is pulled where it is missing; undefined where that fails. */
export async function grafanaContainer(
  signal: AbortSignal,
  detail: (text: string) => void,
): Promise<GrafanaContainer | undefined> {
  for (const name of ["docker", "podman"]) {
    const engine = findCommand(name);
    if (engine === undefined) continue;
    const info = await outputOf(engine, ["info"], 3_000, signal);
    if (info === undefined) continue;
    const isRootless = /^\s*rootless(: true)?\s*$/m.test(info);
    // A rootless Docker has a network of its own, from which this machine's Prometheus is out of reach.
    if (isRootless && name === "docker") continue;
    const container = { engine, isRootless };
    if ((await outputOf(engine, ["image", "inspect", IMAGE], 10_000, signal)) !== undefined) return container;
    detail(`${name} pull ${IMAGE}`);
    if ((await outputOf(engine, ["pull", IMAGE], 600_000, signal)) !== undefined) return container;
  }
  return undefined;
}

/** The name of a stack's container, the same at each start of that stack. */
export function containerName(state: string): string {
  return `gaugelet-grafana-${createHash("sha256").update(state).digest("hex").slice(0, 12)}`;
}

/**
 * How to run Grafana in a container that goes away with its client process.
 *
 * On Linux it shares the machine's network. Elsewhere containers live in a virtual machine, from where this
 * machine has another name and into which the port is published.
 */
export function containerCommand(
  { engine, isRootless }: GrafanaContainer,
  name: string,
  port: number,
  folders: ContainerFolders,
  variables: Readonly<Record<string, string>>,
  environment: NodeJS.ProcessEnv,
): Command {
  const isLinux = process.platform === "linux";
  const inside: Record<string, string> = { ...variables };
  if (!isLinux) {
    inside.GF_SERVER_HTTP_ADDR = "0.0.0.0";
    for (const [key, value] of Object.entries(inside)) {
      inside[key] = value.replace("http://127.0.0.1:", "http://host.docker.internal:");
    }
  }
  const mount = (folder: string, mode: string): string =>
    `--mount=type=bind,source=${folder},target=${folder}${mode}`;
  return {
    command: engine,
    args: [
      "run",
      "--rm",
      `--name=${name}`,
      isLinux ? "--network=host" : `--publish=127.0.0.1:${port}:${port}`,
      // What it writes belongs to this user; the image's files are readable for the group root.
      `--user=${isRootless ? 0 : (process.getuid?.() ?? 472)}:0`,
      // Without this SELinux forbids it the mounted folders.
      "--security-opt=label=disable",
      ...folders.readOnly.map((folder) => mount(folder, ",readonly")),
      ...folders.writable.map((folder) => mount(folder, "")),
      // Values pass through the client's environment: arguments are visible to everyone on the machine.
      ...Object.keys(inside).map((key) => `--env=${key}`),
      IMAGE,
    ],
    environment: { ...environment, ...inside },
  };
}

/** Remove a container that its client left behind; nothing happens where there is none. */
export async function removeContainer({ engine }: GrafanaContainer, name: string): Promise<void> {
  // Killed first: Podman's `rm` would wait for an orderly end, for which there was time before.
  await outputOf(engine, ["kill", name], 3_000);
  await outputOf(engine, ["rm", "--force", name], 3_000);
}

/** What a command writes; undefined where it fails or takes too long. */
async function outputOf(
  command: string,
  args: readonly string[],
  timeout: number,
  signal?: AbortSignal,
): Promise<string | undefined> {
  try {
    return (await run(command, args, { timeout, signal })).stdout;
  } catch {
    signal?.throwIfAborted();
    return undefined;
  }
}
