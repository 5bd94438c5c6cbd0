import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Part } from "../part.ts";
import { askRedis } from "../redis-ping.ts";
import type { Settings } from "../settings.ts";
import { locate, REDIS_SERVER } from "../setup/programs.ts";

/** A Redis of the stack's own, which keeps what it is told across restarts. */
export function redisPart(settings: Settings): Part {
  const port = settings.ports.redis;
  const folder = join(settings.state, "redis");
  return {
    name: "redis",
    addresses: [{ title: "Redis", url: `redis://127.0.0.1:${port}` }],
    async prepare() {
      await mkdir(folder, { recursive: true });
      const file = join(folder, "redis.conf");
      await writeFile(file, configuration(port, folder, settings), { mode: 0o600 });
      return { command: locate(REDIS_SERVER), args: [file], environment: settings.environment };
    },
    isReady: async () => (await askRedis(port, settings.redis)).kind === "ready",
  };
}

function configuration(port: number, folder: string, { redis }: Settings): string {
  return [
    "bind 127.0.0.1",
    `port ${port}`,
    `dir ${JSON.stringify(folder)}`,
    "appendonly yes",
    'save ""',
    ...users(redis),
    "",
  ].join("\n");
}

/** Ask for the password that the parts will sign in with; its digest alone is written down. */
function users({ username = "default", password }: Settings["redis"]): string[] {
  if (password === undefined) return [];
  const digest = createHash("sha256").update(password).digest("hex");
  const signIn = `user ${username} on #${digest} ~* &* +@all`;
  return username === "default" ? [signIn] : ["user default off", signIn];
}

/** Where the parts find Redis, as they read it from the environment. */
export function redisEnvironment({ ports }: Settings): NodeJS.ProcessEnv {
  return { REDIS_HOST: "127.0.0.1", REDIS_PORT: String(ports.redis) };
}
