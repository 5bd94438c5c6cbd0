import { execFileSync } from "node:child_process";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { buildWith } from "./build.ts";

test.each([[[]], [["high-availability"]]])(
  "Redis refuses before its container is ended for its memory, with %j",
  async (components) => {
    const folder = await mkdtemp(join(tmpdir(), "gaugelet-redis-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    // In place of Redis: the one says what it is started with, the other knows no Sentinel.
    for (const [program, script] of [
      ["redis-server", 'echo "$@"'],
      ["redis-cli", "exit 1"],
    ] as const) {
      await writeFile(join(folder, program), `#!/bin/sh\n${script}\n`);
      await chmod(join(folder, program), 0o755);
    }
    const { objects } = await buildWith(components);
    const redis = objects.find(({ kind, metadata }) => kind === "StatefulSet" && metadata.name === "redis");
    const [container] = redis?.spec.template.spec.containers ?? [];
    const limit = container.env.find(({ name }: { name: string }) => name === "MEMORY_LIMIT_MIB");
    expect(limit.valueFrom.resourceFieldRef).toEqual({ resource: "limits.memory", divisor: "1Mi" });
    const scripts = objects.find(({ metadata }) => metadata.name.startsWith("redis-scripts"));
    for (const [name, text] of Object.entries<string>(scripts?.data ?? {})) {
      await writeFile(join(folder, name), text);
    }
    const [command = "", ...args] = [...container.command, ...(container.args ?? [])].map((each: string) =>
      each.replace("/scripts", folder),
    );
    const started = execFileSync(command, args, {
      encoding: "utf8",
      env: { PATH: `${folder}:${process.env.PATH}`, MEMORY_LIMIT_MIB: "256", POD: "redis-0" },
    });
    expect(started).toContain("--maxmemory 192mb --maxmemory-policy noeviction");
    expect(started).toContain("--appendonly yes --appendfsync everysec --dir /data");
  },
);
