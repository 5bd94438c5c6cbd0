import type { Logger } from "pino";
import type { OutputSource } from "./configuration.ts";
import { DROP_REASONS, type DropReason } from "./drops.ts";
import { OUTPUT_TIMESTAMP, OUTPUT_UP, OwnMetrics, REDIS_UP } from "./exposition/own-metrics.ts";
import { SeriesSet } from "./exposition/series-set.ts";
import { mapOutput } from "./mapping/mapper.ts";
import type { Rule } from "./mapping/rules.ts";
import { makeSeries, type Series } from "./mapping/series.ts";
import { ChangeWatch } from "./outputs/change-watch.ts";
import { discoverOutputs } from "./outputs/discovery.ts";
import { functionLabels, type Output } from "./outputs/output.ts";
import { parseOutput } from "./outputs/parsing.ts";
import { type ReadOutput, readOutputs } from "./outputs/reading.ts";
import { type Problem, ProblemLog } from "./problem-log.ts";
import { RedisAwayError, type RedisLink } from "./redis-link.ts";

/** Why an output is not there for the moment: nothing is wrong with it. */
const ABSENCES = { gone: "the key is gone", stale: "the output is older than its staleAfter" } as const;

/**
 * One scrape: find the outputs, read them, leave out the stale ones, map them to series, render these.
 */
export class Collector {
  readonly #link: RedisLink;
  readonly #sources: readonly OutputSource[];
  readonly #rules: readonly Rule[];
  readonly #problemLog: ProblemLog;
  readonly #own = new OwnMetrics();
  readonly #changes = new ChangeWatch();
  #exported: number | undefined;

  constructor(link: RedisLink, sources: readonly OutputSource[], rules: readonly Rule[], logger: Logger) {
    this.#link = link;
    this.#sources = sources;
    this.#rules = rules;
    this.#problemLog = new ProblemLog(logger);
  }

  /** Number of outputs in the latest scrape that reached Redis; undefined before it. */
  get exported(): number | undefined {
    return this.#exported;
  }

  /** All metrics in Prometheus' text format. Answers in bounded time, whatever Redis does and holds. */
  async scrape(): Promise<string> {
    const stopTimer = this.#own.scrapeDuration.startTimer();
    const series = await this.#collect();
    const text = `${await series.render()}\n${await this.#own.render()}`;
    stopTimer();
    return text;
  }

  async #collect(): Promise<SeriesSet> {
    const series = new SeriesSet();
    const problems: Problem[] = [];
    const drop = (reason: DropReason, key: string): void => {
      this.#own.countDrop(reason);
      problems.push({ key, reason, message: DROP_REASONS[reason] });
    };
    let read: ReadOutput[];
    try {
      read = await this.#link.ask(async (redis, signal) =>
        readOutputs(redis, await discoverOutputs(redis, this.#sources, signal, drop), signal),
      );
    } catch (error) {
      if (!(error instanceof RedisAwayError)) throw error;
      series.add(makeSeries(REDIS_UP, {}, {}, 0));
      return series;
    }
    series.add(makeSeries(REDIS_UP, {}, {}, 1));

    const now = Date.now();
    const isStale = this.#staleness(read, now);
    this.#exported = 0;
    for (const { output, content } of read) {
      const value =
        typeof content === "string" ? content : isStale(output.key) ? "stale" : parseOutput(content);
      const isUp = typeof value === "object";
      series.add(makeSeries(OUTPUT_UP, {}, { key: output.key }, isUp ? 1 : 0));
      if (value === "gone" || value === "stale") {
        problems.push({ key: output.key, reason: value, message: ABSENCES[value] });
      } else if (typeof value === "string") {
        drop(value, output.key);
      } else {
        this.#exported++;
        const dropOf = (reason: DropReason): void => drop(reason, output.key);
        const own = output.storedAt === undefined ? [] : [timestampOf(output, output.storedAt)];
        for (const one of [...own, ...mapOutput(output, value, this.#rules, dropOf)]) {
          if (!series.add(one)) dropOf("duplicate");
        }
      }
    }
    this.#problemLog.update(problems);
    return series;
  }

  /** Which outputs are stale: by their entry, or for other programs' outputs by when their bytes changed. */
  #staleness(read: readonly ReadOutput[], now: number): (key: string) => boolean {
    const watched = new Map<string, Buffer>();
    for (const { output, content } of read) {
      if (output.storedAt === undefined && output.staleAfter !== undefined && typeof content !== "string") {
        watched.set(output.key, content);
      }
    }
    const unchangedFor = this.#changes.look(watched, now);
    const stale = read.filter(({ output: { key, storedAt, staleAfter } }) => {
      const age = storedAt === undefined ? unchangedFor.get(key) : (now - storedAt) / 1000;
      return staleAfter !== undefined && age !== undefined && age > staleAfter;
    });
    const keys = new Set(stale.map(({ output }) => output.key));
    return (key) => keys.has(key);
  }
}

function timestampOf(output: Output, storedAt: number): Series {
  return makeSeries(OUTPUT_TIMESTAMP, functionLabels(output), {}, storedAt / 1000);
}
