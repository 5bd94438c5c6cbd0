import { randomUUID } from "node:crypto";
import { connectRedis } from "@gaugelet/shared/redis/connection";
import { waitFor } from "@gaugelet/testing/wait";
import type { Redis } from "ioredis";
import { pino } from "pino";
import { afterEach } from "vitest";
import type { Holder } from "../../src/leases/holder.ts";
import { type Lease, Leases } from "../../src/leases/leases.ts";
import type { useRuntime } from "./harness.ts";

/** Somebody who wants leases. */
export interface Party {
  readonly leases: Leases;
  readonly redis: Redis;
  readonly holder: Holder;
  /** What it heard, oldest first. */
  readonly heard: string[];
  readonly log: string[];
}

/** For the tests of a file: parties, each with a connection of its own, which end with the test. */
export function useParties(context: ReturnType<typeof useRuntime>) {
  const parties: Party[] = [];
  afterEach(() => {
    for (const { leases, redis } of parties.splice(0)) {
      leases.stop();
      redis.disconnect();
    }
  });
  /** @param holder fields other than those of a process that nobody else can look up. */
  return async (holder: Partial<Holder> = {}, user?: { name: string; password: string }): Promise<Party> => {
    const redis = connectRedis({
      host: "127.0.0.1",
      port: context.redis.port,
      username: user?.name,
      password: user?.password,
      db: 0,
    });
    await waitFor("a connection", () => redis.status === "ready");
    const log: string[] = [];
    const logger = pino({ base: null }, { write: (line: string) => void log.push(line) });
    const id = randomUUID();
    const self: Holder = { id, machine: id, process: id, place: `party ${parties.length + 1}`, ...holder };
    const made = { leases: new Leases(redis, logger, self), redis, holder: self, heard: [], log };
    parties.push(made);
    return made;
  };
}

/** Have a party want a lease, and hear of it. */
export function want({ leases, heard }: Party, key: string): Lease {
  return leases.want(key, {
    onGained: (token) => void heard.push(`gained ${token}`),
    onStandby: (owner) => void heard.push(`standby: ${owner}`),
  });
}
