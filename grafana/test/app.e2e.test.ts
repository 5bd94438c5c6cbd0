import { randomUUID } from "node:crypto";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type AppGrafana, appGrafana, makeUser, type OrganizationRole, WHY_NOT } from "./app/grafana.ts";
import { APP } from "./app/stories.ts";
import { signIn, startBrowser, type Visitor } from "./app/visitor.ts";

if (WHY_NOT !== undefined) console.log(`The app is not tested in a browser: ${WHY_NOT}.`);

describe.skipIf(WHY_NOT !== undefined)("the app in a browser, with a whole stack behind it", () => {
  let grafana: AppGrafana;
  let browser: Browser;

  beforeAll(async () => {
    [grafana, browser] = await Promise.all([appGrafana(), startBrowser()]);
  });

  afterAll(async () => {
    await browser?.close();
    await grafana?.stop();
  });

  /** Somebody new in Grafana, who has signed in. */
  async function visitor(role: OrganizationRole): Promise<Visitor> {
    const name = `${role.toLowerCase()}-${randomUUID().slice(0, 8)}`;
    return await signIn(browser, grafana, await makeUser(grafana, name, role));
  }

  test("an editor sees what runs, and may make functions", async () => {
    const { page, url, errors } = await visitor("Editor");
    await page.goto(`${url}${APP}`);
    await page.getByRole("link", { name: "host-usage", exact: true }).waitFor();
    expect(await page.getByRole("link", { name: "New function" }).isVisible()).toBe(true);
    expect(errors).toEqual([]);
  });

  test("a viewer sees the same, but makes none", async () => {
    const { page, url, errors } = await visitor("Viewer");
    await page.goto(`${url}${APP}/functions`);
    await page.getByRole("link", { name: "host-usage", exact: true }).waitFor();
    expect(await page.getByRole("link", { name: "New function" }).count()).toBe(0);
    expect(errors).toEqual([]);
  });

  test("who has not signed in is asked to", async () => {
    const page = await browser.newPage();
    await page.goto(`${grafana.url}${APP}/functions`);
    await page.getByText("Sign in to see functions").waitFor();
    expect(await page.getByRole("link", { name: "host-usage", exact: true }).count()).toBe(0);
  });
});
