const MONTH = /^(19[7-9]\d|2\d{3})-(0[1-9]|1[0-2])$/;

/** The month that it is, in UTC, as usage is counted: such as `2026-11`. */
export function currentMonth(now = Date.now()): string {
  return new Date(now).toISOString().slice(0, 7);
}

/** A month of the address, if it is one that the API knows and that has begun; else that which it is. */
export function monthFrom(text: string, now = Date.now()): string {
  const current = currentMonth(now);
  return MONTH.test(text) && text <= current ? text : current;
}

/** The month that is so many months later; earlier, where it is negative. */
export function monthsAfter(month: string, count: number): string {
  const [year = 0, number = 0] = month.split("-").map(Number);
  return new Date(Date.UTC(year, number - 1 + count, 1)).toISOString().slice(0, 7);
}

/** All days of a month, such as `2026-11-01`. */
export function daysOf(month: string): string[] {
  const [year = 0, number = 0] = month.split("-").map(Number);
  const count = new Date(Date.UTC(year, number, 0)).getUTCDate();
  return Array.from({ length: count }, (_, index) => `${month}-${String(index + 1).padStart(2, "0")}`);
}

/** A month as people read it, such as November 2026. */
export function monthName(month: string): string {
  return new Intl.DateTimeFormat("en", { year: "numeric", month: "long", timeZone: "UTC" }).format(
    new Date(`${month}-01T00:00:00Z`),
  );
}
