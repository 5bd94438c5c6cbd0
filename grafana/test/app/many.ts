import { RUNS_KEY } from "@gaugelet/shared/keys";
import { waitFor } from "@gaugelet/testing/wait";
import { Redis } from "ioredis";
import type { Page } from "playwright-core";
import { rowsOf } from "../../../runtime/src/runs/run-rows.ts";
import { runRecord } from "../../../runtime/test/api/run-record.ts";
import type { AppGrafana } from "./grafana.ts";

const AT_ONCE = 8;
const RECORDS_OF_AN_ENTRY = 500;
/** How far a turn of the wheel scrolls, in pixels. */
const WHEEL_PIXELS = 20_000;

/** Make functions through the API, named `many-0` and so on. */
export async function makeFunctions({ askAsAdmin }: AppGrafana, count: number): Promise<void> {
  let next = 0;
  const make = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++) {
      await askAsAdmin("POST", "/functions", {
        name: `many-${String(index).padStart(5, "0")}`,
        manifest: {
          handler: "handler.handler",
          language: "javascript",
          triggers: [{ http: true }],
          state: "none",
        },
        files: { "handler.mjs": `export const handler = () => ({ index: ${index} });\n` },
      });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, make));
}

/** Have the runtime record runs of a function, as if it had made them in the last minutes. */
export async function makeRuns(
  { askAsAdmin, redisPort }: AppGrafana,
  name: string,
  count: number,
): Promise<void> {
  const redis = new Redis(Number(redisPort));
  const now = Date.now();
  try {
    for (let made = 0; made < count; made += RECORDS_OF_AN_ENTRY) {
      const records = Array.from({ length: Math.min(RECORDS_OF_AN_ENTRY, count - made) }, (_, index) =>
        runRecord({
          id: `many-${String(made + index).padStart(8, "0")}`,
          function: name,
          queuedAt: now - made - index,
        }),
      );
      await redis.xadd(RUNS_KEY, "*", "records", rowsOf(records), "usage", "[]");
    }
  } finally {
    redis.disconnect();
  }
  const oldest = `many-${String(count - 1).padStart(8, "0")}`;
  await waitFor(
    `${count} runs to be recorded`,
    () =>
      askAsAdmin("GET", `/runs/${oldest}`).then(
        () => true,
        () => false,
      ),
    240,
  );
}

/** What scrolling through a list came to. */
export interface Scrolled {
  /** Rows that it says it has at the end, its head included. */
  readonly rows: number;
  /** Most rows that were in the page at once. */
  readonly drawn: number;
  /** Time between two pictures, in milliseconds: 95 % took no longer. */
  readonly p95: number;
}

/** Scroll a list from its beginning with the wheel, until it says that it has so many rows. */
export async function scrollThrough(
  page: Page,
  address: string,
  label: string,
  rows: number,
): Promise<Scrolled> {
  await page.goto(address);
  const table = page.getByRole("table", { name: label });
  await table.getByRole("row").nth(1).waitFor();
  await page.getByRole("region", { name: label }).hover();
  await page.evaluate(`window.frames_ = []; (function next(before) {
    requestAnimationFrame((now) => { if (before) window.frames_.push(now - before); next(now); });
  })()`);
  let drawn = 0;
  let has = 0;
  await waitFor(
    `${label} to have ${rows} rows`,
    async () => {
      for (let turn = 0; turn < 5; turn += 1) await page.mouse.wheel(0, WHEEL_PIXELS);
      drawn = Math.max(drawn, await table.getByRole("row").count());
      has = Number(await table.getAttribute("aria-rowcount"));
      return has >= rows;
    },
    180,
  );
  const p95 = await page.evaluate<number>(
    "window.frames_.sort((a, b) => a - b)[Math.floor(window.frames_.length * 0.95)]",
  );
  return { rows: has, drawn, p95 };
}
