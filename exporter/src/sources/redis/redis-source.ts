import { isReservedKey, OUTPUTS_KEY } from "@gaugelet/shared/keys";
import { parseOutputEntry } from "@gaugelet/shared/outputs";
import type { RedisAddress } from "@gaugelet/shared/redis/address";
import type { RedisClient } from "@gaugelet/shared/redis/connection";
import { KeyChanges } from "@gaugelet/shared/redis/key-changes";
import type { Logger } from "pino";
import { DROP_REASONS, type DropReason } from "../../drops.ts";
import type { OutputStore } from "../../exposition/output-store.ts";
import type { Problem } from "../../problem-log.ts";
import type { Source } from "../source.ts";
import { DirtyKeys } from "./dirty-keys.ts";
import { announcedOutput, type Discovered, discoverOutputs, type Search } from "./discovery.ts";
import { coveringPrefixes, isCovered } from "./prefixes.ts";
import { ContentReader } from "./reading.ts";
import type { RedisLink } from "./redis-link.ts";

/** Changes within this time are read together, in milliseconds: a key that changes often is read ten times a second. */
const GATHER_MS = 100;
/** How often everything is looked at, whether or not changes are told, in milliseconds. */
const POLL_MS = 30_000;
/** How long outputs are rendered before other work gets its turn, in milliseconds. */
const SLICE_MS = 8;

export interface RedisSourceOptions {
  readonly link: RedisLink;
  readonly address: RedisAddress;
  readonly search: Search;
  readonly maxBytes: number;
  readonly store: OutputStore;
  readonly logger: Logger;
  /** Whether Redis is asked to tell of changes; without that each update reads everything. */
  readonly push: boolean;
  readonly onDrop: (reason: DropReason) => void;
}

/**
 * Outputs in a Redis. Redis tells which keys changed, and these are read and rendered at once, many in one round
 * trip, so that a scrape finds ready text. A scrape asks Redis whether it has told everything; that is all there
 * is to do where nothing changed since. Where Redis does not push, each update reads all outputs.
 */
export class RedisSource implements Source {
  readonly #options: RedisSourceOptions;
  readonly #dirty = new DirtyKeys();
  readonly #reader: ContentReader;
  #changes: KeyChanges | undefined;
  #prefixes: readonly string[] = [];
  /** Whether the log was told last that changes are not told of. */
  #wasUntold = false;
  #found: Discovered = { outputs: new Map(), ignored: new Set(), entries: new Map() };
  #problems = new Map<string, Problem>();
  #gathering: NodeJS.Timeout | undefined;
  readonly #poll: NodeJS.Timeout;
  /** Work on the store is done one after the other. */
  #work: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(options: RedisSourceOptions) {
    this.#options = options;
    this.#reader = new ContentReader(options.maxBytes);
    const { sources, announced } = options.search;
    if (options.push) {
      this.#listen([...(announced ? [OUTPUTS_KEY] : []), ...sources.map(({ pattern }) => pattern.prefix)]);
    }
    this.#poll = setInterval(() => {
      this.#dirty.everything = true;
      this.#gather();
    }, POLL_MS);
    this.#poll.unref();
  }

  get problems(): readonly Problem[] {
    return [...this.#problems.values()];
  }

  get only(): string | undefined {
    const { announced, sources } = this.#options.search;
    const [source] = sources;
    return !announced && sources.length === 1 && source?.pattern.isLiteral
      ? source.pattern.prefix
      : undefined;
  }

  update(): Promise<void> {
    return this.#options.link.ask(async (redis, signal) => {
      if (this.#changes?.pushing === true) {
        // The PING tells a dead connection from one on which nothing happens.
        await Promise.all([redis.ping(), this.#settled(this.#changes, signal)]);
      } else {
        this.#dirty.everything = true;
      }
      await this.#catchUp(redis, signal);
    });
  }

  close(): void {
    this.#isClosed = true;
    clearInterval(this.#poll);
    clearTimeout(this.#gathering);
    this.#changes?.stop();
  }

  #listen(prefixes: readonly string[]): void {
    this.#changes?.stop();
    this.#prefixes = coveringPrefixes(prefixes);
    const { address, logger } = this.#options;
    const changes = new KeyChanges(address, this.#prefixes, (pushing, reason) => {
      if (pushing) logger[this.#wasUntold ? "info" : "debug"]("told of changes as they happen");
      else if (!this.#isClosed) logger.info({ reason }, "not told of changes: each scrape reads all outputs");
      this.#wasUntold = !pushing;
    });
    changes.listen({
      onChanged: (keys) => {
        this.#dirty.add(keys);
        this.#gather();
      },
      onUnknown: () => {
        this.#dirty.everything = true;
        this.#gather();
      },
    });
    this.#changes = changes;
  }

  /** Wait until Redis has told all changes; a connection on which it does not is replaced by a new one. */
  async #settled(changes: KeyChanges, signal: AbortSignal): Promise<void> {
    const given = Promise.withResolvers<never>();
    const giveUp = (): void => {
      if (this.#changes === changes) this.#listen(this.#prefixes);
      given.reject(new Error("no answer on the connection that tells of changes"));
    };
    signal.addEventListener("abort", giveUp, { once: true });
    try {
      await Promise.race([changes.settled(), given.promise]);
    } catch {
      this.#dirty.everything = true;
    } finally {
      signal.removeEventListener("abort", giveUp);
      given.promise.catch(() => {});
    }
  }

  /** Read what changed, soon: more changes may follow. */
  #gather(): void {
    if (this.#gathering !== undefined || this.#isClosed) return;
    this.#gathering = setTimeout(() => {
      this.#gathering = undefined;
      if (this.#changes?.pushing !== true) return;
      const { link } = this.#options;
      // Where Redis is away the next scrape says so; what is dirty stays so.
      link.ask((redis, signal) => this.#catchUp(redis, signal)).catch(() => {});
    }, GATHER_MS);
    this.#gathering.unref();
  }

  #catchUp(redis: RedisClient, signal: AbortSignal): Promise<void> {
    const work = this.#work.then(async () => {
      if (this.#dirty.isEmpty || this.#isClosed) return;
      try {
        await this.#readChanges(redis, signal);
      } catch (error) {
        this.#dirty.everything = true;
        throw error;
      }
    });
    this.#work = work.catch(() => {});
    return work;
  }

  async #readChanges(redis: RedisClient, signal: AbortSignal): Promise<void> {
    const { everything, announcements, keys } = this.#dirty.take();
    signal.throwIfAborted();
    const isNew = (): boolean => [...keys].some((key) => this.#mayBeNew(key));
    if (everything || isNew() || (announcements && !(await this.#readAnnouncements(redis, keys)))) {
      const needed = await this.#discover(redis, signal);
      const wanted = [...this.#found.outputs.keys()].filter(
        (key) => everything || keys.has(key) || needed.has(key),
      );
      await this.#read(redis, wanted, signal);
      return;
    }
    await this.#read(
      redis,
      [...keys].filter((key) => this.#found.outputs.has(key)),
      signal,
    );
  }

  /** Whether a key that changed may be one that the configuration asks for and that was not there before. */
  #mayBeNew(key: string): boolean {
    if (this.#found.outputs.has(key) || this.#found.ignored.has(key) || isReservedKey(key)) return false;
    return this.#options.search.sources.some(({ pattern }) => pattern.match(key) !== undefined);
  }

  /**
   * Read the entries of outputs that were just written: a runtime writes both in one step.
   *
   * @returns false where that does not explain what changed, or there are others than before.
   */
  async #readAnnouncements(redis: RedisClient, keys: ReadonlySet<string>): Promise<boolean> {
    const { outputs, entries } = this.#found;
    const asked = [...keys].filter((key) => !isReservedKey(key));
    if (asked.length === 0) return false;
    const [found, count] = await Promise.all([
      redis.hmget(OUTPUTS_KEY, ...asked),
      redis.hlen(OUTPUTS_KEY),
    ]).catch(() => [[], -1] as const);
    if (count !== entries.size) return false;
    let explained = false;
    for (const [index, json] of found.entries()) {
      const key = asked[index] as string;
      if (json === null) continue;
      const entry = json === entries.get(key) ? undefined : parseOutputEntry(json);
      if (json !== entries.get(key) && (entry === undefined || !outputs.has(key))) return false;
      explained = true;
      if (entry === undefined) continue;
      if (entry.left) return false;
      entries.set(key, json);
      const output = announcedOutput(key, entry, this.#options.search.sources);
      outputs.set(key, output);
      this.#options.store.describe(output);
    }
    return explained;
  }

  /** @returns keys of outputs whose content is needed. */
  async #discover(redis: RedisClient, signal: AbortSignal): Promise<ReadonlySet<string>> {
    const { search, store, onDrop } = this.#options;
    const problems = new Map<string, Problem>();
    const onProblem = (reason: DropReason, key: string): void => {
      const id = `${reason} ${key}`;
      if (!problems.has(id) && !this.#problems.has(id)) onDrop(reason);
      problems.set(id, { key, reason, message: DROP_REASONS[reason] });
    };
    this.#found = await discoverOutputs(redis, search, signal, onProblem);
    this.#problems = problems;
    const { outputs } = this.#found;
    for (const key of store.keys) if (!outputs.has(key)) store.remove(key);
    const needed = [...outputs.values()].filter((output) => store.describe(output));
    this.#reader.keep(new Set(outputs.keys()));
    this.#hearOf([...outputs.keys()]);
    return new Set(needed.map(({ key }) => key));
  }

  /** Listen for changes of all outputs: announced ones may have any key. */
  #hearOf(keys: readonly string[]): void {
    if (this.#changes === undefined || keys.every((key) => isCovered(key, this.#prefixes))) return;
    this.#listen([...this.#prefixes, ...keys]);
  }

  async #read(redis: RedisClient, keys: readonly string[], signal: AbortSignal): Promise<void> {
    const { store } = this.#options;
    let sliceEnd = performance.now() + SLICE_MS;
    for await (const contents of this.#reader.read(redis, keys, signal)) {
      const now = Date.now();
      for (const [key, content] of contents) {
        store.put(key, content, now);
        if ("absence" in content && content.absence === "gone") this.#forgetGone(key);
        if (performance.now() < sliceEnd) continue;
        await new Promise((resolve) => setImmediate(resolve));
        signal.throwIfAborted();
        sliceEnd = performance.now() + SLICE_MS;
      }
    }
  }

  /** A key that only a pattern found is no output any more once it is gone. */
  #forgetGone(key: string): void {
    const { outputs, ignored, entries } = this.#found;
    const isNamed = this.#options.search.sources.some(
      ({ pattern }) => pattern.isLiteral && pattern.prefix === key,
    );
    if (entries.has(key) || isNamed) return;
    outputs.delete(key);
    this.#options.store.remove(key);
    // It makes room for another.
    if (ignored.size > 0) this.#dirty.everything = true;
  }
}
