import { randomUUID } from "node:crypto";
import { waitFor } from "@gaugelet/testing/wait";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { packFiles } from "../../runtime/src/packages/upload/pack.ts";
import { seriousFaults } from "./app/faults.ts";
import { measureFirstPage } from "./app/first-page.ts";
import { type AppGrafana, appGrafana, makeUser, type OrganizationRole, WHY_NOT } from "./app/grafana.ts";
import { makeFunctions, makeRuns, scrollThrough } from "./app/many.ts";
import {
  APP,
  changeCode,
  compare,
  deployChange,
  dropZip,
  editCode,
  makeFromPanel,
  makeFunction,
  makeTopic,
  rollBack,
  sendEvent,
  tryIt,
  tryTemplate,
  writeByTurns,
  writtenOf,
} from "./app/stories.ts";
import { signIn, startBrowser, type Visitor } from "./app/visitor.ts";

/** Every page, as an administrator sees it. */
const PAGES = [
  "functions",
  "new-function",
  "new-function?template=anomaly",
  ...["outputs", "try", "code", "versions", "runs", "logs", "settings"].map(
    (tab) => `functions/host-usage/${tab}`,
  ),
  "topics",
  "runs",
  "workers",
  "usage",
].map((page) => `${APP}/${page}`);

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

  test("an editor makes topic and function, sends an event, sees run and output, edits, compares, rolls back", async () => {
    const editor = await visitor("Editor");
    const { page, url, errors } = editor;
    const name = `celsius-${randomUUID().slice(0, 8)}`;
    const topics: [string, string] = [`${name}-in`, `${name}-out`];
    for (const topic of topics) await makeTopic(editor, topic);
    await makeFunction(editor, name, topics);
    await sendEvent(editor, topics[0], { sensor: "roof", fahrenheit: 68 });

    await page.goto(`${url}${APP}/functions/${name}/runs`);
    await page
      .getByRole("link", { name: /^\d{4}-/ })
      .first()
      .click();
    await page.getByText('"celsius": 20').first().waitFor();

    await page.goto(`${url}${APP}/functions/${name}/outputs`);
    await page
      .getByText(/celsius/)
      .first()
      .waitFor();

    await editCode(editor, name, (code) => code.replace("/ 1.8", "/ 1.8 + 0.5"), "half a degree more");
    expect(await tryIt(editor, name, { sensor: "roof", fahrenheit: 50 })).toContain('"celsius": 10.5');
    await waitFor("its run to be recorded", async () => (await compare(editor, name, 1)).includes("10.5"));
    await rollBack(editor, 1);
    expect(await tryIt(editor, name, { sensor: "roof", fahrenheit: 50 })).toContain('"celsius": 10');
    expect(errors).toEqual([]);
  });

  test("nothing of a function that is written is lost: not by turns of its parts, half a manifest or another page", async () => {
    const editor = await visitor("Editor");
    const { page, errors } = editor;
    const written = { name: "by-turns", limit: "7s", code: "def handler(input, context):\n    return {}\n" };
    await writeByTurns(editor, written, '{ "triggers": ["http"] }');
    await page.getByText("Its triggers are a list").waitFor();
    expect(await writtenOf(editor)).toEqual(written);
    expect(await page.getByLabel("Description").inputValue()).toBe("by turns");

    await page.getByRole("link", { name: "Functions" }).first().click();
    await page.getByRole("link", { name: "New function" }).waitFor();
    await page.goBack();
    expect(await writtenOf(editor)).toEqual(written);
    expect(await page.getByRole("button", { name: "Create and deploy" }).isDisabled()).toBe(true);
    await page.getByRole("button", { name: "Discard changes" }).click();
    await expect.poll(async () => (await writtenOf(editor)).name).toBe("");
    expect(errors).toEqual([]);
  });

  test("who deploys second is told, and changes what the first deployed", async () => {
    const editor = await visitor("Editor");
    const name = `twice-${randomUUID().slice(0, 8)}`;
    await tryTemplate(editor, "Moving average", name);
    const second = { url: editor.url, page: await editor.page.context().newPage() };
    const { page } = second;
    await changeCode(second, name, (code) => `${code}# the second\n`);
    await editCode(editor, name, (code) => `${code}# the first\n`, "first");
    await deployChange(second, "second");
    await page.getByText("Somebody deployed meanwhile").waitFor();
    await page.getByRole("dialog").getByRole("button", { name: "Back" }).click();
    await page.getByText("Version 2 runs by now").waitFor();
    await page.getByText("Change that one so").click();
    await page.getByText("Version 2 runs by now").waitFor({ state: "detached" });
    await deployChange(second, "second");
    await page
      .getByText(/version 3/)
      .first()
      .waitFor();
  });

  test("a name and an error without a space are no wider than a phone", async () => {
    const editor = await visitor("Editor");
    const name = `wide${randomUUID().replaceAll("-", "")}`.padEnd(63, "e");
    await grafana.askAsAdmin("POST", "/functions", {
      name,
      manifest: { handler: "handler.handler", triggers: [{ http: true }] },
      files: { "handler.py": "def handler(input, context):\n    raise ValueError('wide' * 1000)\n" },
    });
    await editor.page.setViewportSize({ width: 400, height: 900 });
    expect(await tryIt(editor, name, {})).toContain("widewide");
    expect(await editor.page.evaluate<number>("document.documentElement.scrollWidth")).toBe(400);
  });

  test("a function may be called new, and a deleted one is not called", async () => {
    const { page, url } = await visitor("Admin");
    await grafana.askAsAdmin("POST", "/functions", {
      name: "new",
      manifest: { handler: "handler.handler", triggers: [{ http: true }] },
      files: { "handler.py": "def handler(input, context):\n    return {}\n" },
    });
    await page.goto(`${url}${APP}/functions?text=new`);
    await page.getByRole("link", { name: "new", exact: true }).click();
    await page.getByRole("tab", { name: "Try it" }).click();
    await page.getByRole("button", { name: "Run" }).waitFor();
    await grafana.askAsAdmin("DELETE", "/functions/new");
    await page.reload();
    await page.getByText("This function is deleted").waitFor();
    expect(await page.getByRole("button", { name: "Run" }).count()).toBe(0);
  });

  test("each template makes a function that works with the event that is offered", async () => {
    const editor = await visitor("Editor");
    const results: Record<string, RegExp> = {
      "Moving average": /"average": 21\.5/,
      "Anomaly score": /"score": 0/,
      "Forecast with NumPy": /"forecast": 3\.2/,
      Webhook: /"order": 1/,
    };
    for (const [title, result] of Object.entries(results)) {
      const name = `${title.split(" ")[0]?.toLowerCase()}-${randomUUID().slice(0, 8)}`;
      expect(await tryTemplate(editor, title, name)).toMatch(result);
    }
    expect(editor.errors).toEqual([]);
  });

  test("a zip that is dropped on the page, and a panel's query, become functions", async () => {
    const editor = await visitor("Editor");
    const id = randomUUID().slice(0, 8);
    const handler = "def handler(input, context):\n    return {'zipped': input['n']}\n";
    const zip = await packFiles(new Map([["handler.py", Buffer.from(handler)]]));
    await dropZip(editor, `zipped-${id}`, zip);
    expect(await tryIt(editor, `zipped-${id}`, { n: 7 })).toContain('"zipped": 7');

    await makeFromPanel(editor, "gaugelet-host", "Memory cache", `panel-${id}`);
    const { page, url } = editor;
    await waitFor("an output of the panel's query", async () => {
      await page.goto(`${url}${APP}/runs?function=panel-${id}`);
      const run = page.getByRole("table", { name: "Runs" }).getByRole("link", { name: /^\d{4}-/ });
      await run.or(page.getByText("No run is like that")).first().waitFor();
      return (await run.count()) > 0;
    });
    expect(await page.getByRole("table", { name: "Runs" }).textContent()).toMatch(/"series":/);
    expect(editor.errors).toEqual([]);
  });

  test("a viewer sends an event, calls a function and sees those runs, and nobody else's", async () => {
    const name = `own-${randomUUID().slice(0, 8)}`;
    const editor = await visitor("Editor");
    const topics: [string, string] = [`${name}-in`, `${name}-out`];
    for (const topic of topics) await makeTopic(editor, topic);
    await makeFunction(editor, name, topics);
    await tryIt(editor, name, { sensor: "roof", fahrenheit: 32 });

    const viewer = await visitor("Viewer");
    const { page, url, errors } = viewer;
    await sendEvent(viewer, topics[0], { sensor: "cellar", fahrenheit: 41 });
    await waitFor("the run of the event", async () => {
      await page.goto(`${url}${APP}/runs?function=${name}&trigger=topic`);
      const run = page.getByRole("table", { name: "Runs" }).getByRole("link", { name: /^\d{4}-/ });
      await run.or(page.getByText("No run is like that")).first().waitFor();
      return (await run.count()) === 1 && (await run.click().then(() => true));
    });
    await page.getByText('"celsius": 5').first().waitFor();
    expect(await tryIt(viewer, name, { sensor: "cellar", fahrenheit: 50 })).toContain('"celsius": 10');
    await waitFor("the run", async () => {
      await page.goto(`${url}${APP}/runs?function=${name}`);
      await page.getByRole("table", { name: "Runs" }).waitFor();
      return (await page.getByRole("row").count()) > 1;
    });
    const rows = await page.getByRole("row").allTextContents();
    expect(rows.slice(1).every((row) => row.includes(viewer.user))).toBe(true);
    expect(errors).toEqual([]);
  });

  test("no page has a serious fault for those who do not see it, or use no mouse", async () => {
    const { page, url, errors } = await visitor("Admin");
    for (const path of PAGES) {
      await page.goto(`${url}${path}`);
      await page.getByRole("main").waitFor();
      await page.waitForLoadState("networkidle");
      expect({ path, faults: await seriousFaults(page) }).toEqual({ path, faults: [] });
    }
    expect(errors).toEqual([]);
  });

  test("no page is wider than a phone", async () => {
    const { page, url } = await visitor("Admin");
    await page.setViewportSize({ width: 400, height: 900 });
    const configuration = "/plugins/gaugelet-functions-app?page=configuration";
    for (const path of [...PAGES, configuration]) {
      await page.goto(`${url}${path}`);
      await page.getByRole("main").waitFor();
      await page.waitForLoadState("networkidle");
      const width = await page.evaluate<number>("document.documentElement.scrollWidth");
      expect({ path, width }).toEqual({ path, width: 400 });
    }
  });

  test("the first page brings little code, and is there about as soon as Grafana's own lists", async () => {
    const first = await measureFirstPage(await visitor("Editor"));
    console.log(
      `the list of functions: ${(first.codeBytes / 1024).toFixed(1)} KiB of code gzipped, there after ` +
        `${Math.round(first.milliseconds)} ms; Grafana's list of dashboards after ${Math.round(first.dashboardsMilliseconds)} ms`,
    );
    expect(first.codeBytes).toBeLessThan(150 * 1024);
  });

  test("2,000 functions and 100,000 runs scroll, drawn as far as they are seen", async () => {
    const { page, url, errors } = await visitor("Admin");
    await makeFunctions(grafana, 2_000);
    const functions = await scrollThrough(page, `${url}${APP}/functions`, "Functions", 2_001);
    if (grafana.redisPort !== undefined) await makeRuns(grafana, "many-00000", 100_000);
    const runs =
      grafana.redisPort === undefined
        ? undefined
        : await scrollThrough(page, `${url}${APP}/runs?function=many-00000`, "Runs", 100_001);
    console.log(
      `scrolling, time between two pictures, 95 %: 2,000 functions ${functions.p95.toFixed(0)} ms, ` +
        `100,000 runs ${runs?.p95.toFixed(0)} ms`,
    );
    for (const { drawn } of [functions, ...(runs === undefined ? [] : [runs])])
      expect(drawn).toBeLessThan(100);
    expect(errors).toEqual([]);
  }, 900_000);
});
