import { setTimeout as sleep } from "node:timers/promises";
import { quantile } from "@gaugelet/testing/bench";
import type { Contender } from "./contender.ts";

/** What scrapes cost. */
export interface Cost {
  readonly p50: number;
  /** CPU per scrape, with all that was done between scrapes for it, in milliseconds. */
  readonly cpu: number;
}

export interface Round {
  readonly scrapes: number;
  /** Done before each scrape. */
  readonly change?: () => Promise<void>;
  /** Time between the change and the scrape, in milliseconds: Prometheus does not come at once either. */
  readonly pause?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Scrape some times and take what it costs, after as many that do not count: an exporter runs for weeks. */
export async function measureScrapes(contender: Contender, round: Round): Promise<Cost> {
  const [cost] = await measureBeside([contender], round);
  return cost as Cost;
}

/**
 * The same for several at once, which take turns scrape by scrape: what else the machine does meanwhile is then
 * the same for all of them.
 */
export async function measureBeside(
  contenders: readonly Contender[],
  { scrapes, change, pause = 0, headers }: Round,
): Promise<Cost[]> {
  const measured = contenders.map((contender) => ({ contender, times: [] as number[], cpuBefore: 0 }));
  const once = async (isCounted: boolean): Promise<void> => {
    await change?.();
    if (pause > 0) await sleep(pause);
    for (const { contender, times } of measured) {
      const { ms } = await contender.scrape(headers);
      if (isCounted) times.push(ms);
    }
  };
  for (let warm = 0; warm < scrapes; warm++) await once(false);
  for (const one of measured) one.cpuBefore = one.contender.cpuMs();
  for (let count = 0; count < scrapes; count++) await once(true);
  return measured.map(({ contender, times, cpuBefore }) => ({
    p50: quantile(times, 0.5),
    cpu: (contender.cpuMs() - cpuBefore) / scrapes,
  }));
}
