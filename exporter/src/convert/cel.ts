import { JsonPathError, parseTemplate, type Template } from "./json-path.ts";

/**
 * Of CEL's expressions those that are a field of the document, the document itself, or a text.
 *
 * @throws JsonPathError for all others.
 */
export function celTemplate(expression: string): Template {
  const text = /^\s*(?:"([^"\\]*)"|'([^'\\]*)')\s*$/.exec(expression);
  if (text !== null) return [text[1] ?? text[2] ?? ""];
  const path = /^\s*(?:root)?((?:\.[A-Za-z_]\w*|\[\d+\])*)\s*$/.exec(expression)?.[1];
  if (path === undefined) throw new JsonPathError(`the CEL expression ${expression.trim()}`);
  return parseTemplate(`{${path}}`);
}
