import { nameOf } from "../configuration/classes.ts";
import type { FunctionDefinition } from "../configuration/manifest.ts";
import { listPriceOf } from "./bill.ts";
import { dayOf } from "./calendar.ts";
import type { PriceList } from "./price-list.ts";
import { RecentUsage } from "./recent-usage.ts";
import { NO_USAGE } from "./usage-row.ts";
import { type RoughPrices, UsageTally } from "./usage-tally.ts";

/** More of a quantity than this would only add digits. */
const MANY = 1_000_000n;
const FREE: RoughPrices = { perRun: 0, perMebibyteMillisecond: 0, perCpuMicrosecond: 0 };

/** Counts what all calls of this runtime use, and what that costs by the price list of the day. */
export class UsageMeter {
  readonly #tallies = new Map<string, UsageTally>();
  readonly #prices: () => PriceList | undefined;
  readonly #now: () => number;
  /** Of owners who have a budget. */
  readonly recent = new RecentUsage();
  #takenAt: number;

  /** @param prices undefined where there is no list: nothing costs anything. */
  constructor(prices: () => PriceList | undefined, now: () => number = Date.now) {
    this.#prices = prices;
    this.#now = now;
    this.#takenAt = now();
  }

  get tallies(): Iterable<UsageTally> {
    return this.#tallies.values();
  }

  /** What counts the calls of a function; the same for one that comes again. */
  tallyOf({ owner, name, class: of }: Pick<FunctionDefinition, "owner" | "name" | "class">): UsageTally {
    const className = nameOf(of);
    const key = JSON.stringify([owner, name, className]);
    const tally = this.#tallies.get(key) ?? new UsageTally({ owner, function: name, class: className });
    this.#tallies.set(key, tally);
    return tally;
  }

  /** Count a function no more, which is gone. What it used until now is priced first. */
  forget(name: string): void {
    this.take();
    for (const [key, tally] of this.#tallies) if (tally.function === name) this.#tallies.delete(key);
  }

  /** Price what was counted since the last time. Nothing waits for it: it is called every second, and before a scrape. */
  take(): void {
    const since = this.#takenAt;
    this.#takenAt = this.#now();
    const day = dayOf(since);
    const priceOfClass = new Map<string, RoughPrices>();
    for (const tally of this.#tallies.values()) {
      let prices = priceOfClass.get(tally.class);
      if (prices === undefined) {
        prices = this.#roughPrices(tally.class, day);
        priceOfClass.set(tally.class, prices);
      }
      const used = tally.take(prices);
      if (used === undefined) continue;
      this.recent.add({ day, since, owner: tally.owner, class: tally.class, used });
    }
  }

  #roughPrices(className: string, day: string): RoughPrices {
    const list = this.#prices();
    if (list === undefined) return FREE;
    const priceOf = (name: "runs" | "mebibyteMilliseconds" | "cpuMicroseconds"): number =>
      listPriceOf({ ...NO_USAGE, [name]: MANY }, list, day, className).toNumber() / Number(MANY);
    return {
      perRun: priceOf("runs"),
      perMebibyteMillisecond: priceOf("mebibyteMilliseconds"),
      perCpuMicrosecond: priceOf("cpuMicroseconds"),
    };
  }
}
