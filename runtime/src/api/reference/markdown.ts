import {
  type ApiDocument,
  type Field,
  fieldsOf,
  operationsByTag,
  type PlacedOperation,
  typeOf,
} from "./document.ts";

/** The page docs/reference/api.md. */
export function referenceMarkdown(document: ApiDocument): string {
  const sections = [...operationsByTag(document)].flatMap(([tag, operations]) => [
    `## ${tag}`,
    ...operations.map(operationText),
  ]);
  return `${[
    "# API",
    "<!-- Made by `npm run api:docs`. -->",
    `${document.info.description} Who may ask what, and how one signs in: [Access](access.md). What goes wrong: [Problems](problems.md). A runtime shows this page at \`/api/v1/docs\`, and the OpenAPI document that it is made from at \`/api/v1/openapi.json\`.`,
    "Times are ISO 8601 in UTC; durations are in seconds (`…Seconds`), sizes in bytes (`…Bytes`). Lists come in pages: `next` of one is `after` of the next.",
    ...sections,
  ].join("\n\n")}\n`;
}

function operationText({ method, path, summary, description, ...rest }: PlacedOperation): string {
  const { parameters, requestBody, responses } = rest;
  const inputs: Field[] = parameters.map((each) => ({
    name: each.in === "query" ? `?${each.name}=` : `{${each.name}}`,
    type: typeOf(each.schema),
    isRequired: each.required,
    description: each.description ?? "",
  }));
  const bodies = Object.entries(requestBody?.content ?? {});
  const answers = Object.entries(responses);
  return [
    `### ${method} ${path}`,
    `${summary}. ${description.replaceAll("\n\n", " ")}`,
    ...table("asked with", inputs),
    ...bodies.flatMap(([type, { schema }]) => [`Body: \`${type}\``, ...table("field", fieldsOf(schema))]),
    ...answers
      .filter(([status]) => status.startsWith("2"))
      .flatMap(([status, { content = {} }]) => answerText(status, Object.entries(content))),
    `Problems: ${answers
      .filter(([status]) => !status.startsWith("2"))
      .map(([status, answer]) => `${status} (${codesOf(answer.description)})`)
      .join(", ")}`,
  ].join("\n\n");
}

function answerText(
  status: string,
  contents: [string, { schema?: Parameters<typeof fieldsOf>[0] }][],
): string[] {
  if (contents.length === 0) return [`Answer: ${status}`];
  return contents.flatMap(([type, { schema }]) => [
    `Answer: ${status}, \`${type}\``,
    ...table("field", fieldsOf(schema)),
  ]);
}

/** Names of the problems in the description of an answer. */
export function codesOf(description: string): string {
  return [...description.matchAll(/`([\w-]+)`/g)].map(([, code]) => `\`${code}\``).join(", ");
}

function table(name: string, fields: readonly Field[]): string[] {
  if (fields.length === 0) return [];
  const rows = fields.map((field) => {
    const needed = field.isRequired ? "" : ", may be left out";
    return [`\`${field.name}\``, cell(field.type) + needed, cell(field.description)];
  });
  const all = [[name, "what", "meaning"], ...rows];
  const widths = [0, 1, 2].map((column) => Math.max(...all.map((row) => (row[column] ?? "").length)));
  const lines = all.map(
    (row) => `| ${row.map((each, column) => each.padEnd(widths[column] ?? 0)).join(" | ")} |`,
  );
  const rule = `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`;
  return [[lines[0], rule, ...lines.slice(1)].join("\n")];
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}
