import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Dashboard } from "@grafana/grafana-foundation-sdk/dashboard";
import { type Browser, chromium, type Page } from "playwright-core";
import type { ScreenshotSettings } from "./settings.ts";

const THEMES = ["dark", "light"] as const;
/** Longest time that a dashboard may take to show its data, in milliseconds. */
const PATIENCE = 60_000;

/** In the page: a panel that has not its data yet is empty. */
const EVERY_PANEL_SHOWS_SOMETHING = `
  [...document.querySelectorAll("[data-viz-panel-key]")].every(
    (panel) =>
      panel.querySelector("canvas") !== null ||
      panel.textContent.trim() !== (panel.querySelector("h2")?.textContent ?? "").trim(),
  )`;

/** What pictures are taken of, and by which browser. */
export interface Shots {
  readonly dashboards: readonly Dashboard[];
  /** Widths of the window, in pixels. */
  readonly widths: readonly number[];
  /** Program of a Chromium. */
  readonly browser: string;
  readonly folder: string;
}

/**
 * Write `<uid>-<theme>-<width>.png` for each dashboard, theme and width.
 *
 * @returns the files.
 */
export async function takeScreenshots(
  { url = "", login }: ScreenshotSettings,
  { dashboards, widths, browser: executablePath, folder }: Shots,
): Promise<string[]> {
  await mkdir(folder, { recursive: true });
  // A container's root has no sandbox to offer, and the page is our own.
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  const files: string[] = [];
  try {
    for (const width of widths) {
      const page = await open(browser, width, login);
      for (const { uid = "" } of dashboards) {
        for (const theme of THEMES) {
          const file = join(folder, `${uid}-${theme}-${width}.png`);
          await show(page, `${url}/d/${uid}?theme=${theme}&from=now-15m&to=now&refresh=&kiosk`);
          await page.screenshot({ path: file });
          files.push(file);
        }
      }
      await page.context().close();
    }
  } finally {
    await browser.close();
  }
  return files;
}

/** Pages of the app, after their pictures' names. */
const APP_PAGES: Readonly<Record<string, string>> = {
  functions: "functions",
  "new-function": "functions/new?template=anomaly",
  function: "functions/host-usage/outputs",
  topics: "topics",
  runs: "runs",
  workers: "workers",
  usage: "usage",
};

/** Write `gaugelet-app-<page>-<theme>-<width>.png` for each page of the app; only who signs in sees them. */
export async function takeAppScreenshots(
  { url = "", login }: ScreenshotSettings,
  { widths, browser: executablePath, folder }: Omit<Shots, "dashboards">,
): Promise<string[]> {
  if (login === undefined) return [];
  await mkdir(folder, { recursive: true });
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  const files: string[] = [];
  try {
    for (const width of widths) {
      const page = await open(browser, width, undefined);
      await page.request.post(`${url}/login`, { data: login });
      for (const [name, path] of Object.entries(APP_PAGES)) {
        for (const theme of THEMES) {
          const file = join(folder, `gaugelet-app-${name}-${theme}-${width}.png`);
          await page.goto(
            `${url}/a/gaugelet-functions-app/${path}${path.includes("?") ? "&" : "?"}theme=${theme}`,
          );
          await page.getByRole("main").waitFor({ timeout: PATIENCE });
          // What it shows is asked for after it is there.
          await page.waitForLoadState("networkidle", { timeout: PATIENCE / 3 }).catch(() => {});
          await page.waitForTimeout(2_000);
          await page.screenshot({ path: file });
          files.push(file);
        }
      }
      await page.context().close();
    }
  } finally {
    await browser.close();
  }
  return files;
}

async function open(browser: Browser, width: number, login: ScreenshotSettings["login"]): Promise<Page> {
  const context = await browser.newContext({
    viewport: { width, height: 1_080 },
    ...(login === undefined
      ? {}
      : { httpCredentials: { username: login.user, password: login.password, send: "always" as const } }),
  });
  return await context.newPage();
}

/** Open a dashboard as tall as it is, and wait until every panel has its data. */
async function show(page: Page, address: string): Promise<void> {
  await page.setViewportSize({ width: page.viewportSize()?.width ?? 0, height: 1_080 });
  await page.goto(address, { waitUntil: "domcontentloaded" });
  await page.waitForSelector("[data-viz-panel-key], [data-panelid]", { timeout: PATIENCE });
  // Panels load their data when they come into view: make room for all of them.
  const height = await page.evaluate(
    "Math.max(...[...document.querySelectorAll('[data-viz-panel-key], [data-panelid], .react-grid-layout')].map((each) => each.getBoundingClientRect().bottom + window.scrollY))",
  );
  await page.setViewportSize({
    width: page.viewportSize()?.width ?? 0,
    height: Math.min(4_000, Math.ceil(Number(height)) + 72),
  });
  // One that stays empty is pictured as it is.
  await page
    .waitForFunction(EVERY_PANEL_SHOWS_SOMETHING, undefined, { timeout: PATIENCE / 3 })
    .catch(() => {});
  // Lines are drawn a moment after their axes.
  await page.waitForTimeout(1_000);
}
