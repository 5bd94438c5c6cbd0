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
export async function measureScrapes(
  contender: Contender,
  { scrapes, change, pause = 0, headers }: Round,
): Promise<Cost> {
  const once = async (): Promise<number> => {
    await change?.();
    if (pause > 0) await sleep(pause);
    return (await contender.scrape(headers)).ms;
  };
  for (let warm = 0; warm < scrapes; warm++) await once();
  const before = contender.cpuMs();
  const times: number[] = [];
  for (let count = 0; count < scrapes; count++) times.push(await once());
  return { p50: quantile(times, 0.5), cpu: (contender.cpuMs() - before) / scrapes };
}
