import { type Logger, pino } from "pino";

/** A log on standard output: one JSON object a line, with the level's name and the time in ISO 8601. */
export function createLog(level: string): Logger {
  return pino({
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (name) => ({ level: name }) },
  });
}
