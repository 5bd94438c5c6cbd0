import { parseBytes, parseDuration } from "@gaugelet/shared/units";
import { InvalidArgumentError } from "commander";
import { PAGE } from "./client.ts";

/** Readers of arguments. Each throws InvalidArgumentError that says what was expected. */

export function atLeastOne(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError("expected a number above 0");
  return value;
}

/** Of what the server gives in one answer. */
export function upToOnePage(text: string): number {
  const value = atLeastOne(text);
  if (value > PAGE) throw new InvalidArgumentError(`expected a number from 1 to ${PAGE}`);
  return value;
}

/** In seconds. */
export function duration(text: string): number {
  const seconds = parseDuration(text);
  if (seconds === undefined) throw new InvalidArgumentError("expected a duration such as 90m or 7d");
  return seconds;
}

export function bytes(text: string): number {
  const value = parseBytes(text);
  if (value === undefined) throw new InvalidArgumentError("expected a size such as 512Mi or 1Gi");
  return value;
}

/** A time, or how long ago. @returns ISO 8601 in UTC */
export function time(text: string): string {
  const ago = parseDuration(text);
  const milliseconds = ago === undefined ? Date.parse(text) : Date.now() - ago * 1000;
  if (Number.isNaN(milliseconds)) {
    throw new InvalidArgumentError(
      "expected a time such as 2026-11-26T08:00:00Z, or how long ago, such as 2h",
    );
  }
  return new Date(milliseconds).toISOString();
}

export function month(text: string): string {
  if (!/^\d{4}-(0[1-9]|1[0-2])$/.test(text))
    throw new InvalidArgumentError("expected a month such as 2026-11");
  return text;
}

/** Collects `name=value`. */
export function nameAndValue(
  text: string,
  before: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const at = text.indexOf("=");
  if (at < 1) throw new InvalidArgumentError("expected name=value");
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}
