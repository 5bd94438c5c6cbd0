import { type Browser, chromium, type Page } from "playwright-core";
import { findCommand } from "../../../stack/src/setup/find-command.ts";
import { setupChromium } from "../../../stack/src/setup/programs.ts";
import type { AppGrafana, Login } from "./grafana.ts";

/** Longest time that something may take to appear, in milliseconds: the machine may be busy. */
const PATIENCE = 60_000;

/** Somebody at a page of Grafana. */
export interface Visitor {
  readonly page: Page;
  readonly url: string;
  /** Login of whoever it is. */
  readonly user: string;
  /** What went wrong on the pages: errors of the console, and exceptions that nobody caught. */
  readonly errors: readonly string[];
}

/** A Chromium without windows. */
export async function startBrowser(): Promise<Browser> {
  await setupChromium();
  const executablePath = findCommand("chromium", "chromium-browser", "google-chrome") ?? "chromium";
  // A container's root has no sandbox to offer, and the pages are our own.
  return await chromium.launch({ executablePath, args: ["--no-sandbox"] });
}

/** Somebody who has signed in. */
export async function signIn(browser: Browser, { url }: AppGrafana, login: Login): Promise<Visitor> {
  const context = await browser.newContext({ viewport: { width: 1_600, height: 1_000 } });
  context.setDefaultTimeout(PATIENCE);
  const answer = await context.request.post(`${url}/login`, { data: login });
  if (!answer.ok()) throw new Error(`${login.user} cannot sign in: ${await answer.text()}`);
  const page = await context.newPage();
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (message) => {
    const { url: source } = message.location();
    // Grafana asks places on the internet, which may not be there; what is ours asks none.
    const isElsewhere = message.text().startsWith("Failed to load resource") && !source.startsWith(url);
    if (message.type() === "error" && !isElsewhere) errors.push(`${message.text()} (${source})`);
  });
  return { page, url, user: login.user, errors };
}
