/**
 * Amounts are decimal texts, and stay such: a binary number could not hold them. They are compared here as texts, and
 * made numbers only where something is drawn.
 */

/** What the API takes as the amount of a budget. */
const AMOUNT = /^\d{1,14}(\.\d{1,6})?$/;

/** Whether a text is an amount that a budget may have. */
export function isAmount(text: string): boolean {
  return AMOUNT.test(text);
}

/** Which of two decimals is greater, exactly: above 0, the first; below, the second; 0, neither. */
export function compareDecimals(one: string, other: string): number {
  const [a, b] = [partsOf(one), partsOf(other)];
  if (a.sign !== b.sign) return a.sign - b.sign;
  return (
    a.sign *
    (a.whole.length - b.whole.length || compareTexts(a.whole, b.whole) || compareTexts(a.rest, b.rest))
  );
}

function partsOf(text: string): { sign: number; whole: string; rest: string } {
  const isNegative = text.startsWith("-");
  const [whole = "", rest = ""] = text.replace("-", "").split(".");
  const shown = { whole: whole.replace(/^0+/, ""), rest: rest.replace(/0+$/, "") };
  return { sign: shown.whole === "" && shown.rest === "" ? 0 : isNegative ? -1 : 1, ...shown };
}

function compareTexts(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

/** A decimal with commas between its thousands, and all of its digits. */
export function grouped(text: string): string {
  const [whole = "", ...rest] = text.split(".");
  return [whole.replace(/\B(?=(\d{3})+$)/g, ","), ...rest].join(".");
}

/** What share one decimal is of another, for a bar: not exact. */
export function shareOf(part: string, whole: string): number {
  const of = Number(whole);
  if (of === 0) return Number(part) > 0 ? 1 : 0;
  return Number(part) / of;
}

/** The lines that a plot has at its side: round numbers from 0 up to what holds all. Texts of their own, not sums. */
export function scaleOf(highest: number): { readonly top: number; readonly lines: readonly string[] } {
  if (!(highest > 0)) return { top: 1, lines: ["0"] };
  const power = Math.floor(Math.log10(highest / 2));
  const step =
    [1, 2, 5, 10].map((factor) => factor * 10 ** power).find((each) => highest / each <= 4) ??
    10 ** (power + 1);
  const count = Math.ceil(highest / step);
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  return {
    top: count * step,
    lines: Array.from({ length: count + 1 }, (_, index) => (index * step).toFixed(decimals)),
  };
}
