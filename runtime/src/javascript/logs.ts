import { writeSync } from "node:fs";
import { format } from "node:util";
import { describe, stackOf } from "./user-errors.ts";

/** The runtime cuts longer lines, and a record that is cut is no record any more. */
const MAX_LINE_BYTES = 8192;

/** The names that Python's logging has for them: one set for all languages. */
const LEVELS: Readonly<Record<string, number>> = {
  NOTSET: 0,
  DEBUG: 10,
  INFO: 20,
  WARN: 30,
  WARNING: 30,
  ERROR: 40,
  FATAL: 50,
  CRITICAL: 50,
};
const CONSOLE_LEVELS = { debug: "DEBUG", info: "INFO", warn: "WARNING", error: "ERROR" } as const;

/**
 * Send what the function logs to the runtime: `console.debug`, `info`, `warn` and `error` as records, one JSON
 * object a line, from LOG_LEVEL (default INFO) up, so that the level is kept. `console.log` goes to stdout.
 */
export function setUpLogs(descriptor: number): void {
  const threshold = LEVELS[(process.env.LOG_LEVEL ?? "INFO").toUpperCase()] ?? LEVELS.INFO ?? 0;
  const record = (level: string, logger: string, message: string): void => {
    if ((LEVELS[level] ?? 0) >= threshold) writeRecord(descriptor, level, logger, message);
  };
  for (const [method, level] of Object.entries(CONSOLE_LEVELS)) {
    console[method as keyof typeof CONSOLE_LEVELS] = (...values: unknown[]) =>
      record(level, "console", format(...values));
  }
  console.error = whileNodeWarns(console.error, (message) => record("WARNING", "node", message));
  // Of timers and of promises that nobody waits for: they belong to no call, and end none.
  const uncaught = (error: unknown): void =>
    record("ERROR", "uncaught", `outside a call: ${stackOf(error) || describe(error)}`);
  process.on("uncaughtException", uncaught);
  process.on("unhandledRejection", uncaught);
}

/**
 * Node decides which of its warnings are told. It tells them by `console.error`, which it looks up once, and not
 * where they come from.
 *
 * @returns what is to be `console.error`.
 */
function whileNodeWarns(error: typeof console.error, warn: (message: string) => void): typeof console.error {
  let isWarning = false;
  let isTold = false;
  for (const tell of process.listeners("warning")) {
    process.off("warning", tell);
    process.on("warning", (warning) => {
      isWarning = true;
      isTold = false;
      try {
        tell(warning);
      } finally {
        isWarning = false;
      }
      if (isTold) warn(textOf(warning));
    });
  }
  return (...values) => {
    if (isWarning) isTold = true;
    else error(...values);
  };
}

function textOf(warning: Error & { readonly code?: unknown; readonly detail?: unknown }): string {
  const { code, detail } = warning;
  const told = stackOf(warning) || describe(warning);
  return [
    typeof code === "string" ? `[${code}] ${told}` : told,
    ...(typeof detail === "string" ? [detail] : []),
  ].join("\n");
}

function writeRecord(descriptor: number, level: string, logger: string, text: string): void {
  let message = text.slice(0, MAX_LINE_BYTES);
  let line = JSON.stringify({ level, logger, message });
  while (Buffer.byteLength(line) > MAX_LINE_BYTES && message !== "") {
    message = message.slice(0, Math.floor((message.length * 3) / 4));
    line = JSON.stringify({ level, logger, message: `${message}… (cut)` });
  }
  try {
    writeSync(descriptor, `${line}\n`);
  } catch {
    // The runtime closed its end or the function closed ours: there is nobody left to tell.
  }
}

/**
 * Let writing to stdout and stderr wait for the runtime to read, as printing does in other languages. Else all
 * that a busy handler writes would be kept in memory until it returns, and be lost where the process ends.
 */
export function waitForReaders(): void {
  for (const stream of [process.stdout, process.stderr]) {
    (stream as { _handle?: { setBlocking?(blocking: boolean): void } })._handle?.setBlocking?.(true);
    // The function closed it, or the runtime did.
    stream.on("error", () => {});
  }
}
