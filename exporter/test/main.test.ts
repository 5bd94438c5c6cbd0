import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort } from "@gaugelet/testing/ports";
import { startRedis } from "@gaugelet/testing/redis-server";
import { waitFor } from "@gaugelet/testing/wait";
import { expect, test } from "vitest";

const MAIN = fileURLToPath(new URL("../src/main.ts", import.meta.url));

interface Run {
  readonly process: ChildProcess;
  readonly exit: Promise<[code: number | null, signal: string | null]>;
  out: string;
  err: string;
}

function run(environment: Record<string, string>, ...flags: string[]): Run {
  const child = spawn(process.execPath, [MAIN, ...flags], {
    env: { PATH: process.env.PATH, ...environment },
  });
  const result: Run = { process: child, exit: once(child, "exit") as Run["exit"], out: "", err: "" };
  child.stdout.on("data", (chunk: Buffer) => {
    result.out += chunk.toString();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    result.err += chunk.toString();
  });
  return result;
}

async function listening(started: Run): Promise<number> {
  return waitFor(
    "the exporter listens",
    () => Number(/"port":(\d+),"msg":"listening"/.exec(started.out)?.[1]) || undefined,
  );
}

test.each(["SIGTERM", "SIGINT"] as const)("%s ends the process well", async (signal) => {
  const redis = await startRedis();
  const exporter = run({ REDIS_PORT: String(redis.port), GAUGELET_EXPORTER_PORT: "0" });
  try {
    const port = await listening(exporter);
    const exposition = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    expect(exposition).toContain("gaugelet_exporter_redis_up 1\n");
    exporter.process.kill(signal);
    expect(await exporter.exit).toEqual([0, null]);
    expect(exporter.err).toBe("");
  } finally {
    exporter.process.kill("SIGKILL");
    await redis.stop();
  }
});

test("SIGHUP reads the configuration again", async () => {
  const folder = await mkdtemp(join(tmpdir(), "gaugelet-exporter-"));
  const file = join(folder, "exporter.yaml");
  await writeFile(file, "{}");
  const exporter = run({
    REDIS_PORT: String(await freePort()),
    GAUGELET_EXPORTER_PORT: "0",
    GAUGELET_EXPORTER_CONFIG: file,
  });
  try {
    // At once: what obeys it must be there before the port is.
    exporter.process.stdout?.once("data", () => exporter.process.kill("SIGHUP"));
    await listening(exporter);
    await waitFor("it does", () => exporter.out.includes("the configuration was read again"));
    await writeFile(file, "nonsense: true");
    exporter.process.kill("SIGHUP");
    await waitFor("it says what is wrong", () => exporter.out.includes('unknown field \\"nonsense\\"'));
    exporter.process.kill("SIGTERM");
    expect(await exporter.exit).toEqual([0, null]);
  } finally {
    exporter.process.kill("SIGKILL");
    await rm(folder, { recursive: true });
  }
});

test("--check-config says whether the configuration is right, and starts nothing", async () => {
  const folder = await mkdtemp(join(tmpdir(), "gaugelet-exporter-"));
  const file = join(folder, "exporter.yaml");
  try {
    await writeFile(file, "rules: [{ path: x, metric: m, help: h }]");
    const right = run({ GAUGELET_EXPORTER_CONFIG: file }, "--check-config");
    expect(await right.exit).toEqual([0, null]);
    expect(right.out).toBe(`${file} is right\n`);
    await writeFile(file, "rules: [{ path: x }]");
    const wrong = run({ GAUGELET_EXPORTER_CONFIG: file }, "--check-config");
    expect(await wrong.exit).toEqual([1, null]);
    expect(wrong.err).toMatch(/^gaugelet-exporter: .*rules\[0\]: expected either metric, or action: drop/);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("--check-config checks the web configuration too, and says what it checked", async () => {
  const folder = await mkdtemp(join(tmpdir(), "gaugelet-exporter-"));
  const file = join(folder, "exporter.yaml");
  const web = join(folder, "web.yaml");
  const environment = { GAUGELET_EXPORTER_CONFIG: file, GAUGELET_EXPORTER_WEB_CONFIG: web };
  try {
    await writeFile(file, "rules: []");
    await writeFile(web, "rate_limit: { interval: 1s, burst: 5 }");
    const right = run(environment, "--check-config");
    expect(await right.exit).toEqual([0, null]);
    expect(right.out).toBe(`${file} is right\n${web} is right\n`);
    await writeFile(web, "basic_auth_users: { a: secret }");
    const wrong = run(environment, "--check-config");
    expect(await wrong.exit).toEqual([1, null]);
    expect(wrong.out).toBe(`${file} is right\n`);
    expect(wrong.err).toMatch(/^gaugelet-exporter: .*web\.yaml: basic_auth_users\.a: expected a bcrypt hash/);
    await writeFile(file, "rule: []");
    const both = run(environment, "--check-config");
    expect(await both.exit).toEqual([1, null]);
    expect(both.err).toMatch(
      /exporter\.yaml: unknown field "rule"; did you mean "rules"\?\n.*web\.yaml: basic_auth_users/,
    );
  } finally {
    await rm(folder, { recursive: true });
  }
});

test.each([
  [["--check"], "gaugelet-exporter: Unknown option '--check'; the configuration is named by"],
  [
    ["exporter.yaml"],
    "gaugelet-exporter: Unexpected argument 'exporter.yaml'; the configuration is named by",
  ],
  [["--check-config=a"], "gaugelet-exporter: Option '--check-config' does not take an argument; the"],
])("%j says what is wrong, and how it is configured", async (flags, message) => {
  const exporter = run({}, ...flags);
  expect(await exporter.exit).toEqual([1, null]);
  expect(exporter.err).toContain(message);
  expect(exporter.err).toContain("GAUGELET_EXPORTER_CONFIG");
  expect(exporter.err.trimEnd().split("\n")).toHaveLength(1);
});

test("--help and --version, whatever the environment says", async () => {
  const environment = { GAUGELET_EXPORTER_PORT: "nonsense" };
  for (const flag of ["--help", "-h"]) {
    const help = run(environment, flag);
    expect(await help.exit).toEqual([0, null]);
    expect(help.out).toMatch(/^Usage: .*--check-config(.|\n)*GAUGELET_EXPORTER_CONFIG/);
  }
  const version = run(environment, "--version");
  expect(await version.exit).toEqual([0, null]);
  expect(version.out).toMatch(/^\d+\.\d+\.\d+\n$/);
});

test("the process ends well while Redis is away", async () => {
  const exporter = run({ REDIS_PORT: String(await freePort()), GAUGELET_EXPORTER_PORT: "0" });
  try {
    await listening(exporter);
    await waitFor("the log says so", () => exporter.out.includes("Redis is away"));
    exporter.process.kill("SIGTERM");
    expect(await exporter.exit).toEqual([0, null]);
  } finally {
    exporter.process.kill("SIGKILL");
  }
});

test("a port in use ends it with one line that says so", async () => {
  const occupant = createServer().listen(0, "127.0.0.1");
  await once(occupant, "listening");
  const address = occupant.address();
  const port = String(typeof address === "object" ? address?.port : "");
  try {
    const exporter = run({ GAUGELET_EXPORTER_PORT: port, REDIS_PORT: String(await freePort()) });
    expect(await exporter.exit).toEqual([1, null]);
    expect(exporter.err).toBe(
      `gaugelet-exporter: another program listens on port ${port} of 127.0.0.1; stop it or set GAUGELET_EXPORTER_PORT\n`,
    );
  } finally {
    occupant.close();
  }
});

test.each<[Record<string, string>, string]>([
  [
    { GAUGELET_EXPORTER_CONFIG: "/nowhere/exporter.yaml" },
    "gaugelet-exporter: /nowhere/exporter.yaml: cannot be read: ENOENT: no such file or directory, open '/nowhere/exporter.yaml'\n",
  ],
  [
    { GAUGELET_EXPORTER_ADDRESS: "203.0.113.1", GAUGELET_EXPORTER_PORT: "0" },
    "gaugelet-exporter: 203.0.113.1 is no address of this machine; check GAUGELET_EXPORTER_ADDRESS\n",
  ],
])("%j ends it with one line that says so", async (environment, message) => {
  const exporter = run({ REDIS_PORT: String(await freePort()), ...environment });
  expect(await exporter.exit).toEqual([1, null]);
  expect(exporter.err).toBe(message);
});
