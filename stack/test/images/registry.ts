import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { freePort } from "@gaugelet/testing/ports";
import { waitFor } from "@gaugelet/testing/wait";
import { DOCKER_REGISTRY, locate } from "../../src/setup/programs.ts";

/** A registry of images on this machine. */
export interface TestRegistry {
  readonly port: number;
  /** What programs that ask it have in their environment: this registry has no certificate. */
  readonly environment: NodeJS.ProcessEnv;
  stop(): Promise<void>;
}

/** Start one that keeps its images in a folder of its own. */
export async function startRegistry(): Promise<TestRegistry> {
  const folder = await mkdtemp(join(tmpdir(), "gaugelet-registry-"));
  const port = await freePort();
  const settings = join(folder, "registry.json");
  await writeFile(
    settings,
    JSON.stringify({
      version: 0.1,
      log: { level: "error" },
      storage: { filesystem: { rootdirectory: join(folder, "images") } },
      http: { addr: `127.0.0.1:${port}` },
    }),
  );
  // Docker trusts this machine's own address anyway; what comes with podman is told, each in its way.
  const configuration = join(folder, ".config/containers/registries.conf");
  await mkdir(dirname(configuration), { recursive: true });
  await writeFile(configuration, `[[registry]]\nlocation = "127.0.0.1:${port}"\ninsecure = true\n`);
  const server: ChildProcess = spawn(locate(DOCKER_REGISTRY), ["serve", settings], { stdio: "ignore" });
  await waitFor("the registry", async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/v2/`).catch(() => undefined);
    return answer?.ok;
  });
  return {
    port,
    environment: { ...process.env, HOME: folder, CONTAINERS_REGISTRIES_CONF: configuration },
    stop: async () => {
      const ended = once(server, "exit");
      server.kill();
      await ended;
      await rm(folder, { recursive: true });
    },
  };
}
