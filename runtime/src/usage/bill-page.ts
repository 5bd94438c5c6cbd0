import { escapeHtml } from "@gaugelet/shared/html";
import type { Bill, BillLine } from "./bill.ts";
import type { Month } from "./calendar.ts";

/** What a page of bills may do: nothing but show itself. */
export const BILL_PAGE_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/** Bills as a page to print, one on each sheet. It needs nothing besides itself. */
export function billPage(bills: readonly Bill[], month: Month): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${bills.length === 1 ? "Bill" : "Bills"} of ${escapeHtml(month)}</title>
<style>
  body { font: 14px/1.4 system-ui, sans-serif; color: #111; background: #fff; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; }
  section + section { break-before: page; border-top: 1px solid #999; margin-top: 3rem; }
  .wide { overflow-x: auto; }
  table { border-collapse: collapse; width: 100%; }
  caption { text-align: left; font-weight: 600; padding: .5rem 0; }
  th, td { padding: .2rem .5rem; text-align: right; vertical-align: top; }
  th[scope=row], td.name { text-align: left; font-weight: normal; }
  th[scope=row] { overflow-wrap: anywhere; } tr.day th { white-space: nowrap; }
  thead th { border-bottom: 1px solid #111; } thead th:first-child, thead th.name { text-align: left; }
  tbody.line tr:first-child > * { border-top: 1px solid #ccc; font-weight: 600; }
  tr.day > * { color: #444; font-size: 12px; } tfoot > tr > * { border-top: 2px solid #111; font-weight: 700; }
  td { font-variant-numeric: tabular-nums; }
  @media print {
    @page { margin: 15mm; }
    body { margin: 0; max-width: none; padding: 0; font-size: 10pt; }
    section + section { border: 0; margin: 0; }
    .wide { overflow: visible; }
    thead { display: table-header-group; } tr { break-inside: avoid; }
  }
</style>
</head>
<body>
${bills.length === 0 ? "<p>Nobody used anything.</p>" : bills.map(section).join("\n")}
</body>
</html>
`;
}

function section({ owner, month, currency, lines, freeTier, total }: Bill): string {
  return `<section>
<h1>Bill of ${escapeHtml(month)}</h1>
<p>${owner === "" ? "Functions without an owner" : escapeHtml(owner)}</p>
<div class="wide" role="region" aria-label="By function and day" tabindex="0"><table>
<caption>By function and day</caption>
<thead><tr><th scope="col">Function</th><th scope="col" class="name">Class</th><th scope="col">Runs</th><th scope="col">Seconds</th><th scope="col">GB seconds</th><th scope="col">CPU seconds</th><th scope="col">${escapeHtml(currency)}</th></tr></thead>
${lines.map(lineRows).join("\n")}
<tfoot><tr><th scope="row" colspan="6">Total</th><td>${escapeHtml(total)}</td></tr></tfoot>
</table></div>
<table>
<caption>Free of charge each month</caption>
<thead><tr><th scope="col">What</th><th scope="col">Included</th><th scope="col">Used</th></tr></thead>
<tbody>
${row("Runs", freeTier.invocations)}
${row("GB seconds", freeTier.gigabyteSeconds)}
${row("CPU seconds", freeTier.cpuSeconds)}
</tbody>
</table>
<p>A line is rounded to the smallest coin, half of one up; the total is the sum of the rounded lines. A GB is 10<sup>9</sup> bytes. Days are in UTC.</p>
</section>`;
}

function lineRows(line: BillLine): string {
  const days = line.days.map(
    (day) =>
      `<tr class="day"><th scope="row">${escapeHtml(day.day)}</th><td class="name"></td>${cells(day)}</tr>`,
  );
  return `<tbody class="line"><tr><th scope="row">${escapeHtml(line.function)}</th><td class="name">${escapeHtml(line.class)}</td>${cells(line)}</tr>${days.join("")}</tbody>`;
}

function cells({
  runs,
  billedSeconds,
  gigabyteSeconds,
  cpuSeconds,
  amount,
}: Pick<BillLine, "runs" | "billedSeconds" | "gigabyteSeconds" | "cpuSeconds" | "amount">): string {
  return [String(runs), billedSeconds, gigabyteSeconds, cpuSeconds, amount]
    .map((text) => `<td>${escapeHtml(text)}</td>`)
    .join("");
}

function row(name: string, { included, used }: { readonly included: string; readonly used: string }): string {
  return `<tr><th scope="row">${name}</th><td>${escapeHtml(included)}</td><td>${escapeHtml(used)}</td></tr>`;
}
