import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { PriceBook } from "../../../src/usage/price-book.ts";
import { firstDifference, type PriceList, readPriceList } from "../../../src/usage/price-list.ts";
import { period, priceList } from "./prices.ts";

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "gaugelet-prices-"));
  file = join(folder, "prices.yaml");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const write = (list: object): Promise<void> => writeFile(file, JSON.stringify(list));

describe("reading a price list", () => {
  test("the list that is shipped can be used", async () => {
    const shipped = fileURLToPath(new URL("../../../src/usage/default-prices.yaml", import.meta.url));
    expect(await readPriceList(shipped)).toMatchObject({ currency: "EUR" });
  });

  const standard = { perMillionInvocations: "1", perGigabyteSecond: "1", perCpuSecond: "1" };
  const prices = { standard, premium: standard };
  const one = { from: "2026-01-01", prices };
  const changed = (name: string, value: unknown) => ({ ...prices, standard: { ...standard, [name]: value } });
  test.each<[string, object, string]>([
    [
      "a price without quotes",
      { currency: "EUR", periods: [{ ...one, prices: changed("perCpuSecond", 0.1) }] },
      'prices.yaml: periods[0].prices.standard.perCpuSecond: expected a decimal number in quotes, such as "0.20" (found 0.1)',
    ],
    [
      "a price below nothing",
      { currency: "EUR", periods: [{ ...one, prices: changed("perGigabyteSecond", "-1") }] },
      "periods[0].prices.standard.perGigabyteSecond: expected a decimal number",
    ],
    [
      "a class without prices",
      { currency: "EUR", periods: [{ ...one, prices: { standard } }] },
      "prices.yaml: periods[0].prices.premium: ",
    ],
    [
      "a day that does not exist",
      { currency: "EUR", periods: [{ ...one, from: "2026-02-30" }] },
      "prices.yaml: periods[0].from: expected a day, such as 2026-01-31",
    ],
    [
      "a currency that is none",
      { currency: "euro", periods: [one] },
      "currency: expected the code of a currency, such as EUR",
    ],
    ["no period", { currency: "EUR", periods: [] }, "prices.yaml: periods: expected at least one period"],
    [
      "periods in the wrong order",
      { currency: "EUR", periods: [one, { ...one, from: "2025-01-01" }] },
      "prices.yaml: periods[1].from: expected a day after 2026-01-01",
    ],
    [
      "less than nothing for free",
      { currency: "EUR", periods: [{ ...one, freeTier: { invocations: -1 } }] },
      "prices.yaml: periods[0].freeTier.invocations: expected a whole number",
    ],
    ["a field that is misspelt", { currency: "EUR", period: [one] }, 'did you mean "periods"?'],
  ])("%s is refused with what was expected", async (_, list, message) => {
    await write(list);
    await expect(readPriceList(file)).rejects.toThrow(message);
  });

  test("a file that is not there is named", async () => {
    await expect(readPriceList(file)).rejects.toThrow(`${file}: cannot be read`);
  });
});

describe("what a list changes", () => {
  const one = priceList();
  test.each<[string, PriceList, string | undefined]>([
    ["nothing", priceList({ periods: [period("2026-01-01")] }), undefined],
    ["days to come", priceList({ periods: [period("2026-01-01"), period("2026-11-20", 2)] }), undefined],
    [
      "days that are over",
      priceList({ periods: [period("2026-01-01"), period("2026-11-19", 2)] }),
      "2026-11-19",
    ],
    ["a price of all days", priceList({ periods: [period("2026-01-01", 2)] }), "2026-01-01"],
    ["the begin", priceList({ periods: [period("2025-06-01")] }), "2025-06-01"],
    ["the currency", priceList({ currency: "USD" }), "2026-01-01"],
    ["the free tier", priceList({ periods: [period("2026-01-01", 1, { cpuSeconds: 1 })] }), "2026-01-01"],
  ])("%s", (_, other, changed) => {
    expect(firstDifference(one, other, "2026-11-20")).toBe(changed);
  });
});

describe("the price list that holds", () => {
  const now = Date.parse("2026-11-20T12:00:00Z");
  const log: string[] = [];
  const logger = pino({ level: "info" }, { write: (line) => void log.push(JSON.parse(line).msg) });
  const open = async (): Promise<PriceBook> => {
    log.length = 0;
    return await PriceBook.open(file, logger, () => now);
  };

  test("is read again, from today on", async () => {
    await write(priceList());
    const book = await open();
    const changed = priceList({ periods: [period("2026-01-01"), period("2026-11-20", 5)] });
    await write(changed);
    await book.reload();
    expect(book.list).toEqual(changed);
  });

  test("stays where the new one is wrong, or changes the past", async () => {
    await write(priceList());
    const book = await open();
    await writeFile(file, "currency: {");
    await book.reload();
    expect(log.at(-1)).toMatch(/the one before holds: .*prices\.yaml:1/);
    await write(priceList({ periods: [period("2026-01-01", 5)] }));
    await book.reload();
    expect(book.list).toEqual(priceList());
    expect(log.at(-1)).toContain("from 2026-01-01 on, and is refused");
  });

  test("changes the past where that is said", async () => {
    await write(priceList());
    const book = await open();
    const correction = priceList({ periods: [period("2026-01-01"), period("2026-11-01", 5)] });
    await write({ ...correction, correctsFrom: "2026-11-02" });
    await book.reload();
    expect(book.list).toEqual(priceList());
    await write({ ...correction, correctsFrom: "2026-11-01" });
    await book.reload();
    expect(book.list).toEqual({ ...correction, correctsFrom: "2026-11-01" });
  });
});
