import { once } from "node:events";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { findHolder } from "./port-holder.ts";
import { Problem } from "./problem.ts";
import { askRedis } from "./redis-ping.ts";
import { PORTS, type PortName, type Settings } from "./settings.ts";

/** What was found out about the ports. */
export interface PortCheck {
  /** True where a Redis answers already, which is then used and left alone. */
  readonly redisIsThere: boolean;
}

/**
 * Check all ports before anything starts.
 *
 * @throws Problem that names each port that is in use, the variable that changes it, and who holds it.
 */
export async function checkPorts(settings: Settings): Promise<PortCheck> {
  const complaints: string[] = [];
  let redisIsThere = false;
  for (const name of Object.keys(PORTS) as PortName[]) {
    const number = settings.ports[name];
    const state = await tryPort(number);
    if (state === "free") continue;
    const { title, variable } = PORTS[name];
    if (state === "forbidden") {
      complaints.push(`port ${number} (${title}) needs more rights; set ${variable} to one above 1023`);
      continue;
    }
    if (name === "redis") {
      const answer = await askRedis(number, settings.redis);
      if (answer.kind === "ready") {
        redisIsThere = true;
        continue;
      }
      if (answer.kind === "refuses") {
        complaints.push(
          `the Redis on port ${number} ${answer.reason}, or choose another port with ${variable}`,
        );
        continue;
      }
    }
    const holder = await findHolder(number);
    complaints.push(
      `port ${number} (${title}) is in use${holder === undefined ? "" : ` by ${holder}`}; end that program, or choose another port with ${variable}`,
    );
  }
  if (complaints.length > 0) throw new Problem(complaints.join("\n"));
  return { redisIsThere };
}

/** Wait a moment for the ports to become free: the parts of a stack that was killed are still ending. */
export async function waitForFreePorts(settings: Settings, signal: AbortSignal): Promise<void> {
  const end = performance.now() + 5_000;
  while (performance.now() < end) {
    const states = await Promise.all(Object.values(settings.ports).map(tryPort));
    if (states.every((state) => state !== "busy")) return;
    await sleep(100, undefined, { signal });
  }
}

async function tryPort(number: number): Promise<"free" | "busy" | "forbidden"> {
  const server = createServer();
  try {
    server.listen({ port: number, host: "127.0.0.1", exclusive: true });
    await once(server, "listening");
    return "free";
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EACCES" ? "forbidden" : "busy";
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}
