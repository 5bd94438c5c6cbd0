import { INVOCATIONS_KEY } from "@gaugelet/shared/keys";
import type { Redis } from "ioredis";
import type { InvocationEntry } from "./invocation-entry.ts";

/** Who carries out accepted calls: the consumer group of all runtimes. */
export const GROUP = "runtimes";
/** Calls that are read, looked at or taken with one command. */
export const MOST_AT_ONCE = 64;
/** A call that nobody has said to be under way for so long is anybody's. */
const ABANDONED_MILLISECONDS = 5_000;
/** Before all ids. */
const FIRST = "-";

/**
 * Take calls that were read before and left for want of room, unless another runtime has taken them meanwhile.
 *
 * KEYS: calls. ARGV: the group, who takes them, their ids.
 */
const TAKE_LEFT_SCRIPT = `
local entries = {}
for index = 3, #ARGV do
  local id = ARGV[index]
  if redis.call('XPENDING', KEYS[1], ARGV[1], id, id, 1, ARGV[2])[1] then
    local entry = redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, id)[1]
    if entry then entries[#entries + 1] = entry end
  end
end
return entries
`;

interface AcceptedCallsRedis extends Redis {
  gaugeletTakeLeftBuffer(
    calls: string,
    group: string,
    consumer: string,
    ...ids: string[]
  ): Promise<InvocationEntry[]>;
}

/**
 * Calls that the API accepted, which are in Redis until they are done, as one runtime has a part in them. A call is that
 * runtime's from when it read or claimed it, as long as it says often enough that it is under way.
 *
 * Where Redis is away {@link handOver} and {@link done} come to nothing, and all else throws.
 */
export class AcceptedCalls {
  readonly #redis: AcceptedCallsRedis;
  readonly #consumer: string;
  /** Where the next look for abandoned ones begins. */
  #lookFrom = FIRST;

  /**
   * @param redis a connection of its own: it waits on it.
   * @param consumer name of this runtime in the group.
   */
  constructor(redis: Redis, consumer: string) {
    redis.defineCommand("gaugeletTakeLeft", { numberOfKeys: 1, lua: TAKE_LEFT_SCRIPT });
    this.#redis = redis as AcceptedCallsRedis;
    this.#consumer = consumer;
  }

  /** Whether Redis answers, as far as is known. */
  get isReachable(): boolean {
    return this.#redis.status === "ready";
  }

  /** Whether the last look for abandoned ones found so many that there may be more. */
  get mayHaveAbandoned(): boolean {
    return this.#lookFrom !== FIRST;
  }

  /** Make the group, where it is not there yet. */
  async makeGroup(): Promise<void> {
    await this.#redis.xgroup("CREATE", INVOCATIONS_KEY, GROUP, "0", "MKSTREAM").catch((error: Error) => {
      if (!error.message.startsWith("BUSYGROUP")) throw error;
    });
  }

  /** Wait for calls that nobody has read yet: they are this runtime's then. None where none came in time. */
  async read(waitMilliseconds: number): Promise<readonly InvocationEntry[]> {
    const reply: unknown = await this.#redis.xreadgroupBuffer(
      "GROUP",
      GROUP,
      this.#consumer,
      "COUNT",
      MOST_AT_ONCE,
      "BLOCK",
      waitMilliseconds,
      "STREAMS",
      INVOCATIONS_KEY,
      ">",
    );
    return (reply as [Buffer, InvocationEntry[]][] | null)?.[0]?.[1] ?? [];
  }

  /** A call as it was accepted; undefined where it is done. */
  async entry(id: string): Promise<InvocationEntry | undefined> {
    const [entry] = (await this.#redis.xrangeBuffer(INVOCATIONS_KEY, id, id)) as InvocationEntry[];
    return entry;
  }

  /** Ids of the next calls that are anybody's: from look to look all of them, and then from the first again. */
  async nextAbandoned(): Promise<string[]> {
    const pending: unknown = await this.#redis.xpending(
      INVOCATIONS_KEY,
      GROUP,
      "IDLE",
      ABANDONED_MILLISECONDS,
      this.#lookFrom,
      "+",
      MOST_AT_ONCE,
    );
    const ids = (pending as [string][]).map(([id]) => id);
    this.#lookFrom = ids.length < MOST_AT_ONCE ? FIRST : `(${ids.at(-1)}`;
    return ids;
  }

  /** Take a call that is anybody's. @returns whether it is this runtime's now. */
  async claimAbandoned(id: string): Promise<boolean> {
    const claimed: unknown = await this.#redis.xclaim(
      INVOCATIONS_KEY,
      GROUP,
      this.#consumer,
      ABANDONED_MILLISECONDS,
      id,
      "JUSTID",
    );
    return (claimed as string[]).length > 0;
  }

  /** Take up calls that this runtime has read and left: those that are still its own. */
  async takeUp(ids: readonly string[]): Promise<readonly InvocationEntry[]> {
    return await this.#redis.gaugeletTakeLeftBuffer(INVOCATIONS_KEY, GROUP, this.#consumer, ...ids);
  }

  /** Say that these calls are under way. */
  async keep(ids: readonly string[]): Promise<void> {
    await this.#redis.xclaim(INVOCATIONS_KEY, GROUP, this.#consumer, 0, ...ids, "JUSTID");
  }

  /** Make a call anybody's at once. */
  handOver(id: string): void {
    this.#redis
      .xclaim(INVOCATIONS_KEY, GROUP, this.#consumer, 0, id, "IDLE", ABANDONED_MILLISECONDS, "JUSTID")
      .catch(() => {});
  }

  /**
   * A call is done. Where Redis is away it is carried out again, and answered from what is kept; where only the first
   * step is done, whoever looks for abandoned ones does the second, {@link acknowledge}.
   */
  done(id: string): void {
    this.#redis
      .pipeline()
      .xdel(INVOCATIONS_KEY, id)
      .xack(INVOCATIONS_KEY, GROUP, id)
      .exec()
      .catch(() => {});
  }

  /** Have a call that is done looked for no more. */
  async acknowledge(id: string): Promise<void> {
    await this.#redis.xack(INVOCATIONS_KEY, GROUP, id);
  }

  /** End the connection; what waits on it ends with an error. */
  disconnect(): void {
    this.#redis.disconnect();
  }
}
