import { fork } from "node:child_process";
import { once } from "node:events";
import type { BenchedEngine } from "./engine.ts";

/** Read a whole topic with the engine's client alone, in a process of its own. @returns events per second. */
export async function countAlone(engine: BenchedEngine, topic: string, events: number): Promise<number> {
  const child = fork(engine.bareConsumer, {
    env: {
      PATH: process.env.PATH ?? "",
      REDIS_PORT: String(engine.redisPort),
      ...engine.environment,
      TOPIC: topic,
      EVENTS: String(events),
    },
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const exit = once(child, "exit");
  const counted = await Promise.race([
    once(child, "message").then(([message]) => message as { events: number; seconds: number }),
    exit.then(([code]) => {
      throw new Error(`the bare consumer ended (exit code ${code})`);
    }),
  ]);
  await exit;
  return counted.events / counted.seconds;
}
