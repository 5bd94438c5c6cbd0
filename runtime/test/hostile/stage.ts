import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { chmod, chown, copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { freePort } from "@gaugelet/testing/ports";
import { startRedis, type TestRedis } from "@gaugelet/testing/redis-server";
import { waitFor } from "@gaugelet/testing/wait";
import { childrenOf, type LogLine, PYTHON, ROOT } from "../integration/harness.ts";
import { MACHINES_FOLDER } from "../microvm/machines.ts";
import { type HostileCase, nameOf } from "./case.ts";
import { CORPUS } from "./corpus.ts";
import { inPosition, isRoot, ORDINARY_USER, type Position } from "./position.ts";

const FUNCTIONS = join(import.meta.dirname, "functions");
/** Begins each secret; 16 hexadecimal digits follow. */
export const SECRET_BEGINS = "gaugelet-secret-";
/** Where every user can write, outside of any worker's own folders. */
export const SHARED_FOLDERS = ["/tmp", "/var/tmp", "/dev/shm"];

/** A line of the runtime's log, as far as these tests look at it. */
export type StageLine = LogLine & { readonly limit?: string; readonly outcome?: string };

/** Where software imitates the processor, what fills memory or the log takes its time. */
const SLOW_LIMITS = { cpu: "60s", timeout: "90s" };

const OTHERS = ["neighbour.py", "newcomer.py"];

export const LIMITS = {
  memory: "128Mi",
  cpu: "15s",
  timeout: "20s",
  processes: 32,
  openFiles: 64,
  disk: "16Mi",
  logLinesPerSecond: 20,
};

/** A runtime in a position, with all hostile functions and their neighbours, Redis, and a database's port. */
export interface Stage {
  readonly position: Position;
  readonly folder: string;
  readonly configuration: string;
  readonly redis: TestRedis;
  readonly ports: {
    readonly redis: number;
    readonly database: number;
    readonly runtime: number;
    readonly management: number;
  };
  readonly pids: { readonly runtime: number; readonly zygote: number };
  readonly log: readonly StageLine[];
  /** Everything that the runtime wrote, read or not. */
  readonly written: () => string;
  /** What must never be seen: the operator's secret, and that of another function. */
  readonly secrets: readonly string[];
  /** Names the files that hostile functions leave. */
  readonly token: string;
  stop(): Promise<void>;
}

export async function setStage(position: Position): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), "gaugelet-hostile-"));
  const token = `gaugelet-hostile-${randomBytes(4).toString("hex")}`;
  const secrets = [1, 2].map(() => SECRET_BEGINS + randomBytes(8).toString("hex"));
  const redis = await startRedis();
  const database = createServer((socket) => socket.destroy());
  const ports = {
    redis: redis.port,
    database: await freePort(),
    runtime: await freePort(),
    management: await freePort(),
  };
  database.listen(ports.database, "127.0.0.1");
  await once(database, "listening");
  const configuration = await furnish(folder, position, secrets[1] as string);
  const site = join(folder, "site");
  const [program = "", ...args] = inPosition(position, site, [
    process.execPath,
    join(ROOT, "runtime/src/main.ts"),
  ]);
  const child = spawn(program, args, {
    env: {
      PATH: process.env.PATH ?? "",
      HOME: folder,
      TMPDIR: join(folder, "tmp"),
      OPERATOR_SECRET: secrets[0],
      REDIS_HOST: "127.0.0.1",
      REDIS_PORT: String(redis.port),
      GAUGELET_CONFIG: configuration,
      GAUGELET_PYTHON: PYTHON,
      GAUGELET_STATE_DIR: join(folder, "state"),
      GAUGELET_MICROVM_DIR: MACHINES_FOLDER,
      GAUGELET_CATALOG: "off",
      GAUGELET_MANAGEMENT_PORT: String(ports.management),
      GAUGELET_RUNTIME_PORT: String(ports.runtime),
    },
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe"],
    // A session of its own, as a service has: what the kernel gives to it is not shared with all other tests.
    detached: true,
  });
  const { log, written } = listen(child);
  const stop = (): Promise<void> => strike(child, redis, database, folder);
  try {
    await waitFor("the neighbours' workers", () => {
      if (child.exitCode !== null) throw new Error(`the runtime has ended: ${written()}`);
      return log.filter(({ msg }) => msg.includes("function loaded in")).length >= 2;
    });
    const runtime = child.pid as number;
    const [zygote] = await childrenOf(runtime, "gaugelet_worker");
    if (zygote === undefined) throw new Error("there is no zygote");
    return {
      position,
      folder,
      configuration,
      redis,
      ports,
      pids: { runtime, zygote },
      log,
      written,
      secrets,
      token,
      stop,
    };
  } catch (error) {
    await stop();
    throw new Error(written(), { cause: error });
  }
}

/** Folders, code and gaugelet.yaml. @returns the path of the last. */
async function furnish(folder: string, { level, runtime }: Position, secret: string): Promise<string> {
  const owner = isRoot && runtime === "ordinary" ? ORDINARY_USER : undefined;
  const give = async (path: string): Promise<void> => {
    if (owner !== undefined) await chown(path, owner, owner);
  };
  await chmod(folder, 0o755);
  await give(folder);
  for (const name of ["tmp", "site", "functions"]) {
    await mkdir(join(folder, name));
    await give(join(folder, name));
  }
  const configuration = join(folder, "gaugelet.yaml");
  const manifests: object[] = [];
  const add = async (
    name: string,
    file: string,
    { limits, ...manifest }: Readonly<Record<string, unknown>>,
  ): Promise<string> => {
    const source = join(folder, "functions", name);
    await mkdir(source);
    await give(source);
    const python = file.endsWith(".py");
    const helpers = python ? ["probe.py", "frames.py"] : ["probe.mjs"];
    for (const each of [file, ...helpers]) {
      await copyFile(join(FUNCTIONS, each), join(source, each));
      await give(join(source, each));
    }
    const handler = `${file.split(".")[0]}.handler`;
    const language = python ? "python" : "javascript";
    manifests.push({
      name,
      source,
      handler,
      language,
      // The others of the machine have none: what a machine's wall keeps out are they.
      isolation: level === "microvm" && OTHERS.includes(file) ? "process" : level,
      ...manifest,
      limits: Object.assign({}, LIMITS, level === "microvm" ? SLOW_LIMITS : {}, limits),
    });
    return source;
  };
  const environment = { NEIGHBOUR_SECRET: secret };
  const called = [{ http: true }];
  const comesAndGoes = { state: "none", workers: { min: 0, max: 1, scaleDown: { idle: "100ms" } } };
  await add("neighbour-http", "neighbour.py", { triggers: called, environment });
  await add("neighbour-key", "neighbour.py", { triggers: [{ redisKey: "neighbour-input" }], environment });
  await add("newcomer", "newcomer.py", { triggers: called, ...comesAndGoes });
  for (const hostile of Object.values(CORPUS).flat()) {
    const rest = { triggers: called, ...comesAndGoes, ...hostile.manifest };
    const source = await add(nameOf(hostile), hostile.file, rest);
    await plant(source, hostile, folder);
  }
  // JSON is YAML. It holds another function's secret.
  await writeFile(configuration, JSON.stringify({ functions: manifests }), { mode: 0o600 });
  await give(configuration);
  return configuration;
}

/** What a package brings along besides its code. */
async function plant(source: string, { file }: HostileCase, folder: string): Promise<void> {
  if (file === "follow_links.py") {
    await symlink("/etc/shadow", join(source, "link-to-shadow"));
    await symlink(join(folder, "gaugelet.yaml"), join(source, "link-to-configuration"));
    await symlink("..", join(source, "link-to-functions"));
    await symlink("/", join(source, "link-to-root"));
  }
  if (file === "unreadable_package.py") {
    // The runtime's own, where that is root: it can read everything.
    await writeFile(join(source, "private"), "", { mode: 0o600 });
  }
  if (file === "setuid_program.py") {
    const program = join(source, "id-of-owner");
    await copyFile("/usr/bin/id", program);
    await chmod(program, 0o4755);
  }
}

function listen(child: ChildProcess): { log: StageLine[]; written: () => string } {
  const log: StageLine[] = [];
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    createInterface({ input: stream }).on("line", (line) => {
      text += `${line}\n`;
      try {
        log.push(JSON.parse(line) as StageLine);
      } catch {
        // Not one of the runtime's lines: it is in the text.
      }
    });
  }
  return { log, written: () => text };
}

async function strike(
  child: ChildProcess,
  redis: TestRedis,
  database: Server,
  folder: string,
): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const exit = once(child, "exit");
    child.kill("SIGTERM");
    // Longer than the runtime takes at most, unless it has been brought to a standstill.
    const timer = setTimeout(() => child.kill("SIGKILL"), 12_000);
    await exit;
    clearTimeout(timer);
  }
  database.close();
  await redis.stop();
  await rm(folder, { recursive: true, force: true });
}

/** The folder of a function of the stage. */
export function folderOf({ folder }: Stage, name: string): string {
  return join(folder, "functions", name);
}
