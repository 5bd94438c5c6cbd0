import { escapeHtml } from "@gaugelet/shared/html";
import {
  type ApiDocument,
  type Field,
  fieldsOf,
  operationsByTag,
  type PlacedOperation,
  typeOf,
} from "./document.ts";

const STYLE = `
:root { color-scheme: light dark; --line: light-dark(#d8dde3, #363c44); --soft: light-dark(#f4f6f8, #1e2227); --dim: light-dark(#57606a, #9aa4b0); }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 60rem; padding: 1rem; background: light-dark(#fff, #15181c); color: light-dark(#1b1f24, #e4e8ec); }
a { color: light-dark(#0550ae, #7db7ff); } nav { display: flex; flex-wrap: wrap; gap: 0 1rem; }
code { font: 0.9em ui-monospace, monospace; overflow-wrap: anywhere; }
details { border: 1px solid var(--line); border-radius: 6px; margin: 0.5rem 0; padding: 0.5rem 0.75rem; } details[open] { background: var(--soft); }
summary { cursor: pointer; } summary b { display: inline-block; min-width: 4.5rem; }
table { border-collapse: collapse; width: 100%; } th, td { border-bottom: 1px solid var(--line); padding: 0.25rem 0.5rem; text-align: left; vertical-align: top; }
caption { color: var(--dim); padding-top: 0.5rem; text-align: left; } .dim { color: var(--dim); }
`;

/** The API's reference as one HTML page that fetches nothing. */
export function referencePage(document: ApiDocument): string {
  const tags = [...operationsByTag(document)];
  const links = tags.map(([tag]) => `<a href="#${anchorOf(tag)}">${escapeHtml(tag)}</a>`);
  const sections = tags.map(
    ([tag, operations]) =>
      `<section aria-labelledby="${anchorOf(tag)}"><h2 id="${anchorOf(tag)}">${escapeHtml(tag)}</h2>${operations.map(operationHtml).join("")}</section>`,
  );
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${escapeHtml(document.info.title)}: API</title><style>${STYLE}</style></head>
<body>
<h1>${escapeHtml(document.info.title)}: API</h1>
<p>${escapeHtml(document.info.description)} The same for programs: <a href="openapi.json">OpenAPI 3.1</a>. Ask with the header <code>Authorization: Bearer &lt;token&gt;</code>.</p>
<nav aria-label="Sections">${links.join("")}</nav>
<main>${sections.join("")}</main>
</body>
</html>
`;
}

function operationHtml({
  method,
  path,
  operationId,
  summary,
  description,
  ...rest
}: PlacedOperation): string {
  const inputs: Field[] = rest.parameters.map(
    ({ name, in: place, required, schema, description: said = "" }) => ({
      name: `${name} (${place})`,
      type: typeOf(schema),
      isRequired: required,
      description: said,
    }),
  );
  const bodies = Object.entries(rest.requestBody?.content ?? {});
  const answers = Object.entries(rest.responses);
  return `<details id="${anchorOf(operationId)}"><summary><b>${method}</b> <code>${escapeHtml(path)}</code> <span class="dim">${escapeHtml(summary)}</span></summary>
<p>${escapeHtml(description).replaceAll("\n\n", "<br>")}</p>
${tableHtml("Asked with", inputs)}
${bodies.map(([type, { schema }]) => tableHtml(`Body, ${type}`, fieldsOf(schema))).join("")}
${answers
  .map(([status, { description: said, content = {} }]) => {
    if (!status.startsWith("2")) return `<p><b>${status}</b> ${textHtml(said)}</p>`;
    const types = Object.entries(content);
    if (types.length === 0) return `<p><b>${status}</b> ${textHtml(said)}</p>`;
    return types
      .map(([type, { schema }]) => tableHtml(`${status}, ${type}`, fieldsOf(schema), true))
      .join("");
  })
  .join("")}
</details>`;
}

function tableHtml(caption: string, fields: readonly Field[], isSaid = false): string {
  if (fields.length === 0) return isSaid ? `<p class="dim">${escapeHtml(caption)}</p>` : "";
  const rows = fields.map(
    ({ name, type, isRequired, description }) =>
      `<tr><td><code>${escapeHtml(name)}</code></td><td>${escapeHtml(type)}${isRequired ? "" : ' <span class="dim">may be left out</span>'}</td><td>${textHtml(description)}</td></tr>`,
  );
  return `<table><caption>${escapeHtml(caption)}</caption><thead><tr><th scope="col">name</th><th scope="col">what</th><th scope="col">meaning</th></tr></thead><tbody>${rows.join("")}</tbody></table>`;
}

function textHtml(text: string): string {
  return escapeHtml(text).replaceAll(/`([^`]+)`/g, "<code>$1</code>");
}

function anchorOf(text: string): string {
  return escapeHtml(text.toLowerCase().replaceAll(/[^\w]+/g, "-"));
}
