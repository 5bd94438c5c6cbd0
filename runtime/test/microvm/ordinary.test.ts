import { spawn } from "node:child_process";
import { once } from "node:events";
import { chown, mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeFunctionFolder } from "@gaugelet/testing/function-folder";
import { freePort } from "@gaugelet/testing/ports";
import { startRedis, type TestRedis } from "@gaugelet/testing/redis-server";
import { waitFor } from "@gaugelet/testing/wait";
import { afterEach, beforeEach, expect, test } from "vitest";
import { inPosition, isPossible, isRoot, ORDINARY_USER, type Position } from "../hostile/position.ts";
import { PYTHON, ROOT } from "../integration/harness.ts";
import { MACHINES_FOLDER, whyNoMachines } from "./machines.ts";

const POSITION: Position = { level: "microvm", runtime: "ordinary" };
const CODE = `import os
def handler(input, context):
    return {"kernel": os.uname().release, "user": os.getuid()}
`;

let folder: string;
let redis: TestRedis;
beforeEach(async () => {
  folder = await makeFunctionFolder("ordinary");
  redis = await startRedis();
});
afterEach(async () => {
  await redis.stop();
  await rm(folder, { recursive: true, force: true });
});

test.skipIf(whyNoMachines !== undefined || !isPossible(POSITION))(
  "a runtime that is no root makes its image and has machines, whose QEMU has no more rights than it",
  async () => {
    const site = join(folder, "site");
    const machines = join(folder, "machines");
    for (const each of [site, machines]) {
      await mkdir(each);
      if (isRoot) await chown(each, ORDINARY_USER, ORDINARY_USER);
    }
    await symlink(join(MACHINES_FOLDER, "kernel"), join(machines, "kernel"));
    await writeFile(join(folder, "walled.py"), CODE);
    const walled = { name: "walled", source: join(folder, "walled.py"), handler: "walled.handler" };
    const functions = [{ ...walled, isolation: "microvm", triggers: [{ http: true }] }];
    await writeFile(join(folder, "gaugelet.yaml"), JSON.stringify({ functions }));
    const port = await freePort();
    const command = [process.execPath, join(ROOT, "runtime/src/main.ts")];
    const [program = "", ...args] = inPosition(POSITION, site, command);
    const runtime = spawn(program, args, {
      env: {
        PATH: process.env.PATH ?? "",
        HOME: folder,
        REDIS_HOST: "127.0.0.1",
        REDIS_PORT: String(redis.port),
        GAUGELET_CONFIG: join(folder, "gaugelet.yaml"),
        GAUGELET_PYTHON: PYTHON,
        GAUGELET_PRELOAD: "",
        GAUGELET_STATE_DIR: join(folder, "state"),
        GAUGELET_MICROVM_DIR: machines,
        GAUGELET_CATALOG: "off",
        GAUGELET_MANAGEMENT_PORT: String(await freePort()),
        GAUGELET_RUNTIME_PORT: String(port),
      },
      cwd: folder,
      stdio: ["ignore", "pipe", "inherit"],
    });
    let said = "";
    runtime.stdout?.on("data", (chunk) => {
      said += chunk;
    });
    const ended = once(runtime, "exit");
    try {
      await waitFor("the function", () => said.includes("function loaded in"), 180);
      const answer = await fetch(`http://127.0.0.1:${port}/functions/walled`, { method: "POST", body: "{}" });
      const { kernel, user } = (await answer.json()) as Record<string, unknown>;
      expect(kernel).toMatch(/-cloud-amd64$/);
      // In the machine the worker is nobody in particular.
      expect([0, ORDINARY_USER]).not.toContain(user);
      const pid = /"pid":(\d+)/.exec(said)?.[1];
      const status = await readFile(`/proc/${pid}/status`, "utf8");
      const uid = isRoot ? ORDINARY_USER : process.getuid?.();
      expect(status).toMatch(/^Name:\s+qemu-system/m);
      expect(status).toMatch(new RegExp(`^Uid:(\\s+${uid}){4}$`, "m"));
      expect(status).toMatch(/^CapEff:\s+0+$/m);
      expect(status).toMatch(/^CapPrm:\s+0+$/m);
      expect(status).toMatch(/^NoNewPrivs:\s+1$/m);
      expect(status).toMatch(/^Seccomp:\s+2$/m);
    } catch (error) {
      throw new Error(said, { cause: error });
    } finally {
      runtime.kill("SIGTERM");
      await ended;
    }
  },
);
