import type { Page } from "playwright-core";

/** Address of the app's pages, after that of Grafana. */
export const APP = "/a/gaugelet-functions-app";

/** What the stories need: a page that somebody is signed in on, and where Grafana is. */
export interface Visit {
  readonly page: Page;
  readonly url: string;
}

/** Make a topic. */
export async function makeTopic({ page, url }: Visit, name: string): Promise<void> {
  await page.goto(`${url}${APP}/topics`);
  await page.getByRole("button", { name: "New topic" }).first().click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name").fill(name);
  await dialog.getByRole("button", { name: /make|create/i }).click();
  await page.waitForURL(`**${APP}/topics/${name}`);
}

/** Make a function from the template that transforms events from one topic to another. */
export async function makeFunction(
  { page, url }: Visit,
  name: string,
  topics: [string, string],
): Promise<void> {
  await page.goto(`${url}${APP}/new-function`);
  await page.getByRole("heading", { name: "Transform between topics" }).click();
  await page.getByText("Whole manifest as JSON").click();
  await changeEditor(page, "json", (text) =>
    text.replace('"fahrenheit"', `"${topics[0]}"`).replace('"celsius"', `"${topics[1]}"`),
  );
  await createAs(page, name);
}

/** A function that is being written: what the page has of it. */
export interface Written {
  readonly name: string;
  readonly limit: string;
  readonly code: string;
}

/** Begin a function, and write fields, code and the whole manifest by turns, the last of it no manifest yet. */
export async function writeByTurns(
  { page, url }: Visit,
  { name, limit, code }: Written,
  noManifest: string,
): Promise<void> {
  await page.goto(`${url}${APP}/new-function?template=empty`);
  await page.locator(".monaco-editor").first().waitFor();
  await page.getByRole("textbox", { name: /^Name/ }).fill(name);
  await changeEditor(page, "python", () => "# not all of it yet");
  await page.getByText("Whole manifest as JSON").click();
  await changeEditor(page, "json", (text) => text.replace("{", '{ "description": "by turns",'));
  await changeEditor(page, "python", () => code);
  await page.getByLabel("Time limit").fill(limit);
  await changeEditor(page, "json", () => noManifest);
}

/** What the page of a new function has of it. */
export async function writtenOf({ page }: Visit): Promise<Written> {
  await page.locator(".monaco-editor").first().waitFor();
  await page.waitForFunction(`${modelOf("python")}?.getValue() !== undefined`);
  return {
    name: await page.getByRole("textbox", { name: /^Name/ }).inputValue(),
    limit: await page.getByLabel("Time limit").inputValue(),
    code: await page.evaluate<string>(`${modelOf("python")}.getValue()`),
  };
}

/** Make a function of a template, and call it with the event that is offered. @returns what the page shows of the result. */
export async function tryTemplate({ page, url }: Visit, title: string, name: string): Promise<string> {
  await page.goto(`${url}${APP}/new-function`);
  await page.getByRole("heading", { name: title }).click();
  await createAs(page, name);
  await page.waitForFunction(`${modelOf("json")}?.getValue()?.includes("{")`);
  return await run(page);
}

/** Make a function of a zip that is dropped on the page. */
export async function dropZip({ page, url }: Visit, name: string, zip: Buffer): Promise<void> {
  await page.goto(`${url}${APP}/new-function?template=empty`);
  const dropped = await page.evaluateHandle(`(() => {
    const bytes = Uint8Array.from(atob(${JSON.stringify(zip.toString("base64"))}), (each) => each.charCodeAt(0));
    const transfer = new DataTransfer();
    transfer.items.add(new File([bytes], "function.zip", { type: "application/zip" }));
    return transfer;
  })()`);
  await page.getByText("Or drop source files or a zip here").dispatchEvent("drop", { dataTransfer: dropped });
  await page.getByText("The code is a zip of").waitFor();
  await createAs(page, name);
}

/** Begin a function from a panel of a dashboard, and deploy it. */
export async function makeFromPanel(
  { page, url }: Visit,
  dashboard: string,
  panel: string,
  name: string,
): Promise<void> {
  await page.goto(`${url}/d/${dashboard}`);
  await page.getByRole("heading", { name: panel }).first().hover();
  await page
    .getByRole("button", { name: `Menu for panel ${panel}` })
    .first()
    .click();
  const link = page.getByRole("menuitem", { name: "New function from this" });
  await page.getByRole("menuitem", { name: "Extensions" }).hover();
  await link.click();
  await page.waitForURL(`**${APP}/new-function?query=*`);
  await createAs(page, name);
}

/** Name what is new, wait until the runtime would take it, and deploy it. */
async function createAs(page: Page, name: string): Promise<void> {
  await page.getByRole("textbox", { name: /^Name/ }).fill(name);
  await page.getByText("Checked: it can be deployed").waitFor();
  await page.getByRole("button", { name: "Create and deploy" }).click();
  await page.waitForURL(`**${APP}/functions/${name}/try`);
}

/** Call with the event that is there. @returns what the page shows of the result. */
async function run(page: Page): Promise<string> {
  await page.getByRole("button", { name: "Run" }).click();
  const result = page.getByRole("status", { name: "Result" });
  await result.getByText(/Completed in|failed|timed-out|killed|rejected/).waitFor();
  return (await result.textContent()) ?? "";
}

/** Send an event to a topic. */
export async function sendEvent({ page, url }: Visit, topic: string, event: object): Promise<void> {
  await page.goto(`${url}${APP}/topics/${topic}?tab=send`);
  await page.locator(".monaco-editor").first().waitFor();
  await changeEditor(page, "json", () => JSON.stringify(event));
  await page.getByRole("button", { name: /^Send/ }).first().click();
  await page.getByText(/The event was accepted/).waitFor();
}

/** Change the code of a function, and deploy it. */
export async function editCode(
  visit: Visit,
  name: string,
  change: (code: string) => string,
  comment: string,
): Promise<void> {
  await changeCode(visit, name, change);
  await deployChange(visit, comment);
  await visit.page
    .getByText(/version 2/)
    .first()
    .waitFor();
}

/** Change the code of a function, and deploy it not yet. */
export async function changeCode(
  { page, url }: Visit,
  name: string,
  change: (code: string) => string,
): Promise<void> {
  await page.goto(`${url}${APP}/functions/${name}/code`);
  await page.locator(".monaco-editor").first().waitFor();
  await changeEditor(page, "python", change);
}

/** Review what is changed, and have it deployed. */
export async function deployChange({ page }: Visit, comment: string): Promise<void> {
  await page.getByText("Checked: it can be deployed").waitFor();
  await page.getByRole("button", { name: "Review and deploy" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Comment").fill(comment);
  await dialog.getByRole("button", { name: "Deploy" }).click();
}

/** Compare a version with the one that runs, on inputs that were recorded. @returns what the page then shows of it. */
export async function compare({ page, url }: Visit, name: string, version: number): Promise<string> {
  await page.goto(`${url}${APP}/functions/${name}/versions`);
  await rowOf(page, version).getByRole("button", { name: "Compare" }).click();
  await page.getByRole("button", { name: "Compare on recorded inputs" }).click();
  await page
    .getByText(/comes? to (something else|the same)/)
    .first()
    .waitFor();
  return (await page.getByRole("region", { name: /^Versions \d/ }).textContent()) ?? "";
}

/** Have an earlier version run, on the page of the versions; it is compared with none then. */
export async function rollBack({ page }: Visit, version: number): Promise<void> {
  await rowOf(page, version).getByRole("button", { name: "Run this one" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Run it" }).click();
  await rowOf(page, version).getByText("Runs").waitFor();
  await page.getByRole("region", { name: /^Versions \d/ }).waitFor({ state: "detached" });
}

/** Call a function with an event. @returns what the page shows of the result. */
export async function tryIt({ page, url }: Visit, name: string, event: object): Promise<string> {
  await page.goto(`${url}${APP}/functions/${name}/try`);
  await page.locator(".monaco-editor").first().waitFor();
  await changeEditor(page, "json", () => JSON.stringify(event));
  return await run(page);
}

function rowOf(page: Page, version: number) {
  return page
    .getByRole("row")
    .filter({ has: page.getByRole("cell", { name: new RegExp(`^${version}\\b`) }) });
}

/** Change the text of an editor as somebody who types would: Monaco takes no text from outside. */
async function changeEditor(page: Page, language: string, change: (text: string) => string): Promise<void> {
  const find = modelOf(language);
  await page.waitForFunction(`${find}?.getValue() !== undefined`);
  const text = await page.evaluate<string>(`${find}.getValue()`);
  await page.evaluate(`${find}.setValue(${JSON.stringify(change(text))})`);
}

/** The text of the newest editor of a language, as an expression in the page; undefined: there is none yet. */
function modelOf(language: string): string {
  return `(window.monaco?.editor.getModels().filter((model) => model.getLanguageId() === ${JSON.stringify(language)}).at(-1))`;
}
