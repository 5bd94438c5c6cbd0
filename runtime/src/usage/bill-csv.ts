import { stringify } from "csv-stringify/sync";
import type { Bill } from "./bill.ts";

const COLUMNS = [
  "owner",
  "month",
  "function",
  "class",
  "day",
  "runs",
  "billedSeconds",
  "gigabyteSeconds",
  "cpuSeconds",
  "amount",
  "currency",
] as const;

/**
 * Bills as CSV (RFC 4180): a row for each day of a line with its exact amount, one for the line with the rounded one
 * (`day` is empty), and one for the total (`function`, `class` and `day` are empty).
 *
 * Names that a spreadsheet would take for a formula begin with an apostrophe.
 */
export function billsAsCsv(bills: readonly Bill[]): string {
  const rows = bills.flatMap((bill) => {
    const { owner, month, currency, lines, total } = bill;
    const common = { owner, month, currency };
    return [
      ...lines.flatMap(({ days, ...line }) => [
        ...days.map((day) => ({ ...common, function: line.function, class: line.class, ...day })),
        { ...common, ...line },
      ]),
      { ...common, amount: total },
    ];
  });
  return stringify(rows, {
    header: true,
    columns: [...COLUMNS],
    record_delimiter: "windows",
    escape_formulas: true,
  });
}
