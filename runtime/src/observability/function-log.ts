import type { Level, Logger } from "pino";
import { LineLimit } from "../workers/line-limit.ts";
import type { WrittenLine, WrittenLines } from "../workers/transport.ts";

/** A map, not an object: the level's name is whatever the function calls it, `constructor` for one. */
const LEVELS: ReadonlyMap<string, Level> = new Map([
  ["DEBUG", "debug"],
  ["INFO", "info"],
  ["WARNING", "warn"],
  ["ERROR", "error"],
  ["CRITICAL", "fatal"],
]);

/**
 * Makes log lines of what a function writes, at most so many a second.
 *
 * @param log carries the function's name.
 */
export function functionLog(log: Logger, linesPerSecond: number): WrittenLines {
  const limit = new LineLimit(linesPerSecond);
  let isTelling = false;
  const tell = (dropped: number): void => {
    if (dropped > 0) {
      log.warn(
        { dropped },
        `${dropped} lines dropped: the function writes more than ${linesPerSecond} a second`,
      );
    }
  };
  // The flood may end at any time: tell of it even when no further line comes.
  const tellSoon = (): void => {
    if (isTelling) return;
    isTelling = true;
    setTimeout(() => {
      isTelling = false;
      tell(limit.flush());
    }, 1_000).unref();
  };
  return {
    line(line) {
      const { write, dropped } = limit.take(performance.now());
      tell(dropped);
      if (write) writeLine(log, line);
      else tellSoon();
      return write;
    },
    dropped(count) {
      limit.drop(count);
      tellSoon();
    },
  };
}

function writeLine(log: Logger, line: WrittenLine): void {
  if (line.stream === "logging") log[LEVELS.get(line.level) ?? "info"]({ logger: line.logger }, line.text);
  else log[line.stream === "stdout" ? "info" : "warn"]({ stream: line.stream }, line.text);
}
