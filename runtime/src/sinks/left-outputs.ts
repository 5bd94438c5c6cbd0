import { overtakenOutputs } from "@gaugelet/shared/outputs";
import type { Redis } from "ioredis";
import { type FunctionDefinition, outputKeyOf } from "../configuration/manifest.ts";
import { announcedOutputs } from "./announced-outputs.ts";
import { retireKey } from "./retire-output.ts";

const LOOK_EVERY_MILLISECONDS = 60_000;

/**
 * Finds outputs at keys that functions had before a runtime started: nobody has told it of these. What waits there is
 * taken along, as where the key changes while it runs.
 */
export class LeftOutputs {
  readonly #redis: Redis;
  readonly #definitions: () => readonly FunctionDefinition[];
  readonly #timer: NodeJS.Timeout;

  /** @param definitions of the functions that are served. */
  constructor(redis: Redis, definitions: () => readonly FunctionDefinition[]) {
    this.#redis = redis;
    this.#definitions = definitions;
    this.#timer = setInterval(() => this.look(), LOOK_EVERY_MILLISECONDS);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Look now. Where Redis is away, or must not be read, all stays as it is. */
  look(): void {
    if (this.#redis.status === "ready") this.#look().catch(() => {});
  }

  async #look(): Promise<void> {
    const served = new Map(this.#definitions().map((definition) => [definition.name, definition]));
    if (served.size === 0) return;
    const entries = await announcedOutputs(this.#redis, (name) => served.has(name));
    const overtaken = overtakenOutputs(entries);
    for (const [key, { function: name, shard = "", left = false }] of entries) {
      const definition = served.get(name);
      if (definition === undefined || key === outputKeyOf(definition, shard)) continue;
      // A dead letter of before may have been replayed to one that was left long ago.
      if (left || overtaken.has(key)) await retireKey(this.#redis, key, definition);
    }
  }
}
