import { describe, expect, test } from "vitest";
import { billOf } from "../../../src/usage/bill.ts";
import { billsAsCsv } from "../../../src/usage/bill-csv.ts";
import { billPage } from "../../../src/usage/bill-page.ts";
import { priceList, usageRow } from "./prices.ts";

describe("bills as CSV", () => {
  test("have a row for each day, each line and the total, as in RFC 4180", () => {
    const rows = [usageRow({ runs: 1_000_000n }), usageRow({ day: "2026-11-04", runs: 500_000n })];
    expect(billsAsCsv([billOf(rows, priceList(), "ada", "2026-11")])).toBe(
      [
        "owner,month,function,class,day,runs,billedSeconds,gigabyteSeconds,cpuSeconds,amount,currency",
        "ada,2026-11,f,standard,2026-11-03,1000000,0,0,0,0.2,EUR",
        "ada,2026-11,f,standard,2026-11-04,500000,0,0,0,0.1,EUR",
        "ada,2026-11,f,standard,,1500000,0,0,0,0.30,EUR",
        "ada,2026-11,,,,,,,,0.30,EUR",
        "",
      ].join("\r\n"),
    );
  });

  test.each(["=1+2", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])(
    "%j is no formula to a spreadsheet",
    (owner) => {
      const csv = billsAsCsv([billOf([usageRow({ owner, runs: 1n })], priceList(), owner, "2026-11")]);
      for (const cell of csv.split("\r\n").slice(1, -1)) expect(cell).toMatch(/^"?'/);
    },
  );

  test("a quote, a comma and a new line stay in their cell", () => {
    const owner = 'a",\nb';
    const csv = billsAsCsv([billOf([], priceList(), owner, "2026-11")]);
    expect(csv.split("\r\n")[1]).toBe('"a"",\nb",2026-11,,,,,,,,0.00,EUR');
  });
});

describe("bills as a page", () => {
  test("have markup of names written out, and load nothing", () => {
    const owner = `<script>alert("1")</script>`;
    const page = billPage(
      [billOf([usageRow({ owner, function: "<img>", runs: 1n })], priceList(), owner, "2026-11")],
      "2026-11",
    );
    expect(page).not.toContain("<script");
    expect(page).not.toContain("<img");
    expect(page).toContain("&#60;script&#62;");
    expect(page).not.toMatch(/\b(src|href)=|url\(|@import/);
    expect(page).toContain("@media print");
    // Narrower than its table, the page stays as wide as the window.
    expect(page).toMatch(/\.wide \{ overflow-x: auto; \}.*<div class="wide"[^>]*><table>/s);
  });
});
