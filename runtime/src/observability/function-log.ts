import type { Level, Logger } from "pino";
import { LineLimit } from "../workers/line-limit.ts";
import type { WrittenLine } from "../workers/python-process.ts";

const LEVELS: Record<string, Level> = {
  DEBUG: "debug",
  INFO: "info",
  WARNING: "warn",
  ERROR: "error",
  CRITICAL: "fatal",
};

/**
 * Makes log lines of what a function writes, at most so many a second.
 *
 * @param log carries the function's name.
 */
export function functionLog(log: Logger, linesPerSecond: number): (line: WrittenLine) => void {
  const limit = new LineLimit(linesPerSecond);
  let tellLater: NodeJS.Timeout | undefined;
  const tell = (dropped: number): void => {
    if (dropped > 0) {
      log.warn(
        { dropped },
        `${dropped} lines dropped: the function writes more than ${linesPerSecond} a second`,
      );
    }
  };
  return (line) => {
    const { write, dropped } = limit.take(performance.now());
    tell(dropped);
    if (!write) {
      // The flood may end with this line: tell of it even when none follows.
      clearTimeout(tellLater);
      tellLater = setTimeout(() => tell(limit.flush()), 1_000);
      tellLater.unref();
      return;
    }
    if (line.stream === "logging") log[LEVELS[line.level] ?? "info"]({ logger: line.logger }, line.text);
    else log[line.stream === "stdout" ? "info" : "warn"]({ stream: line.stream }, line.text);
  };
}
