import { readFileSync } from "node:fs";
import { Validator } from "@seriousme/openapi-schema-validator";
import { beforeAll, expect, test } from "vitest";
import { apiSchema } from "../../../scripts/api-schema.ts";
import { API_PROBLEMS } from "../../src/api/problems.ts";
import { type ApiDocument, operationsByTag } from "../../src/api/reference/document.ts";
import { referenceMarkdown } from "../../src/api/reference/markdown.ts";
import { referencePage } from "../../src/api/reference/page.ts";
import { PROBLEMS } from "../../src/triggers/http/problem.ts";
import { fetchApiDocument } from "./fetch-document.ts";

const page = (name: string) =>
  readFileSync(new URL(`../../../docs/reference/${name}.md`, import.meta.url), "utf8");

let document: ApiDocument;
beforeAll(async () => {
  document = await fetchApiDocument();
});

test("the document is valid OpenAPI 3.1, and each operation has a name of its own", async () => {
  const validator = new Validator();
  const { valid, errors } = await validator.validate({ ...structuredClone(document) });
  expect([valid, errors]).toEqual([true, undefined]);
  expect(validator.version).toBe("3.1");
  const names = [...operationsByTag(document).values()].flat().map(({ operationId }) => operationId);
  expect(new Set(names).size).toBe(names.length);
});

test("docs/reference/api.md is up to date (npm run api:docs)", () => {
  expect(page("api")).toBe(referenceMarkdown(document));
});

test("the types of Grafana's app are up to date (npm run api:docs)", async () => {
  const file = new URL("../../../grafana/app/src/api/schema.ts", import.meta.url);
  expect(readFileSync(file, "utf8")).toBe(await apiSchema(document));
});

test("the page to read has every operation, and fetches nothing", () => {
  const html = referencePage(document);
  for (const { operationId, path } of [...operationsByTag(document).values()].flat()) {
    expect(html).toContain(`id="${operationId.toLowerCase()}"`);
    expect(html).toContain(path);
  }
  expect(html).not.toMatch(/<script|<link|<img|src=|https?:\/\//);
});

test("the page to read shows texts as they are", () => {
  const info = { title: "<b>", description: "a & b" };
  const html = referencePage({ info, paths: {} });
  expect(html).toContain("<p>a &#38; b ");
  expect(html).not.toContain("<b>");
});

test("every problem is documented with its status, and every documented one exists", () => {
  const rows = [...page("problems").matchAll(/^\| (\d{3}) +\| `([\w-]+)` +\| (API|calls)/gm)];
  const documented = rows.map(([, status, code, where]) => `${where} ${code} ${status}`);
  const existing = [
    ...Object.entries(API_PROBLEMS).map(([code, [status]]) => `API ${code} ${status}`),
    ...Object.entries(PROBLEMS).map(([code, [status]]) => `calls ${code} ${status}`),
  ];
  expect(documented.toSorted()).toEqual(existing.toSorted());
});
