import { dateTimeFormat, dateTimeFormatTimeAgo, getValueFormat } from "@grafana/data";

/** Shown where there is nothing. */
export const NONE = "–";

/** Seconds, as people read them. */
export function seconds(value: number | null | undefined): string {
  return shown(value, "s");
}

/** Bytes, in powers of 1,024. */
export function bytes(value: number | null | undefined): string {
  return shown(value, "bytes");
}

/** A count, shortened. */
export function count(value: number | null | undefined): string {
  return shown(value, "short");
}

/** A share from 0 to 1, in per cent. */
export function percent(value: number | null | undefined): string {
  return shown(value, "percentunit");
}

function shown(value: number | null | undefined, unit: string): string {
  if (value === null || value === undefined) return NONE;
  const { prefix = "", text, suffix = "" } = getValueFormat(unit)(value);
  return `${prefix}${text}${suffix}`;
}

/** A time, in the time zone of whoever looks. */
export function time(value: string | null | undefined): string {
  return value == null ? NONE : dateTimeFormat(value);
}

/** A time with its milliseconds, where what is close together is told apart. */
export function preciseTime(value: string | null | undefined): string {
  return value == null ? NONE : dateTimeFormat(value, { defaultWithMS: true });
}

/** How long ago a time is. */
export function ago(value: string | null | undefined): string {
  return value == null ? NONE : dateTimeFormatTimeAgo(value);
}

/** An amount of money; it comes as a decimal number's text and stays exact. */
export function money(amount: string | null | undefined, currency = ""): string {
  return amount == null ? NONE : `${amount}${currency === "" ? "" : ` ${currency}`}`;
}

const DIGITS = 3;

/** An amount of money with its first three digits: what a single run costs has many zeros and more digits than help. */
export function shortMoney(amount: string | null | undefined): string {
  if (amount == null) return NONE;
  const [whole = "", fraction = ""] = amount.split(".");
  if (fraction === "" || /[1-9]/.test(whole))
    return `${whole}${fraction === "" ? "" : `.${fraction.slice(0, 2)}`}`;
  const zeros = /^0*/.exec(fraction)?.[0].length ?? 0;
  return zeros === fraction.length ? "0" : `0.${fraction.slice(0, zeros + DIGITS)}`;
}

/** A value as JSON to read. */
export function json(value: unknown): string {
  return value === undefined ? "" : JSON.stringify(value, null, 2);
}
