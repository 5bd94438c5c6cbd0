import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Dashboard } from "@grafana/grafana-foundation-sdk/dashboard";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
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

/** Something to take pictures of. */
interface Subject {
  /** What the names of its pictures begin with. */
  readonly name: string;
  /** Open it in a page and wait until all of it is there. */
  readonly show: (page: Page, theme: (typeof THEMES)[number]) => Promise<void>;
}

/** How pictures are taken. */
export interface Shots {
  /** Widths of the window, in pixels. */
  readonly widths: readonly number[];
  /** Program of a Chromium. */
  readonly browser: string;
  readonly folder: string;
}

/**
 * Write `<name>-<theme>-<width>.png` for each subject, theme and width.
 *
 * @param open makes a page of so many pixels, with whatever it takes to be let in.
 * @returns the files.
 */
async function takePictures(
  subjects: readonly Subject[],
  { widths, browser: executablePath, folder }: Shots,
  open: (browser: Browser, width: number) => Promise<Page>,
): Promise<string[]> {
  await mkdir(folder, { recursive: true });
  // A container's root has no sandbox to offer, and the page is our own.
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  const files: string[] = [];
  try {
    for (const width of widths) {
      const page = await open(browser, width);
      for (const { name, show } of subjects) {
        for (const theme of THEMES) {
          const file = join(folder, `${name}-${theme}-${width}.png`);
          await show(page, theme);
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

/** Dashboards, after their uids. */
export async function takeDashboards(
  { url = "", login }: ScreenshotSettings,
  dashboards: readonly Dashboard[],
  shots: Shots,
): Promise<string[]> {
  const subjects = dashboards.map(
    ({ uid = "" }): Subject => ({
      name: uid,
      show: (page, theme) =>
        showDashboard(page, `${url}/d/${uid}?theme=${theme}&from=now-15m&to=now&refresh=&kiosk`),
    }),
  );
  const credentials = login && { username: login.user, password: login.password, send: "always" as const };
  return await takePictures(subjects, shots, (browser, width) => openPage(browser, width, credentials));
}

const APP = "/a/gaugelet-functions-app";
/** Pages of the app, after their pictures' names. */
const APP_PAGES: Readonly<Record<string, string>> = {
  functions: `${APP}/functions`,
  "new-function": `${APP}/functions/new?template=anomaly`,
  function: `${APP}/functions/host-usage/outputs`,
  topics: `${APP}/topics`,
  runs: `${APP}/runs`,
  workers: `${APP}/workers`,
  usage: `${APP}/usage`,
  configuration: "/plugins/gaugelet-functions-app?page=configuration",
};

/** Each page of the app; only who signs in sees them. */
export async function takeApp({ url = "", login }: ScreenshotSettings, shots: Shots): Promise<string[]> {
  if (login === undefined) return [];
  const subjects = Object.entries(APP_PAGES).map(
    ([name, path]): Subject => ({
      name: `gaugelet-app-${name}`,
      async show(page, theme) {
        await page.goto(`${url}${path}${path.includes("?") ? "&" : "?"}theme=${theme}`);
        await page.getByRole("main").waitFor({ timeout: PATIENCE });
        // What it shows is asked for after it is there.
        await page.waitForLoadState("networkidle", { timeout: PATIENCE / 3 }).catch(() => {});
        await page.waitForTimeout(2_000);
      },
    }),
  );
  return await takePictures(subjects, shots, async (browser, width) => {
    const page = await openPage(browser, width);
    await page.request.post(`${url}/login`, { data: login });
    return page;
  });
}

async function openPage(
  browser: Browser,
  width: number,
  httpCredentials?: BrowserContextOptions["httpCredentials"],
): Promise<Page> {
  const context = await browser.newContext({
    viewport: { width, height: 1_080 },
    ...(httpCredentials === undefined ? {} : { httpCredentials }),
  });
  return await context.newPage();
}

/** Open a dashboard as tall as it is, and wait until every panel has its data. */
async function showDashboard(page: Page, address: string): Promise<void> {
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
