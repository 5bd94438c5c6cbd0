/** A day in UTC, `2026-11-30`: such texts sort as days do. */
export type Day = string;

/** A month in UTC, `2026-11`. */
export type Month = string;

const DAY_PATTERN = /^(19[7-9]\d|2\d{3})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/;
/** From 1970 to 2999, which every database knows. */
export const MONTH_PATTERN = /^(19[7-9]\d|2\d{3})-(0[1-9]|1[0-2])$/;

/** Whether there is such a day. */
export function isDay(text: string): boolean {
  if (!DAY_PATTERN.test(text)) return false;
  const time = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(time.getTime()) && time.toISOString().startsWith(text);
}

/** The day of a time in Unix milliseconds. */
export function dayOf(time: number): Day {
  return new Date(time).toISOString().slice(0, 10);
}

export function monthOf(day: Day): Month {
  return day.slice(0, 7);
}

export function firstDayOf(month: Month): Day {
  return `${month}-01`;
}

export function nextMonth(month: Month): Month {
  const [year, number] = month.split("-").map(Number) as [number, number];
  return new Date(Date.UTC(year, number, 1)).toISOString().slice(0, 7);
}

/** Unix milliseconds of the begin of a month. */
export function startOf(month: Month): number {
  return Date.parse(`${firstDayOf(month)}T00:00:00Z`);
}
