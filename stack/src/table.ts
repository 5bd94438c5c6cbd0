import type { Address } from "./part.ts";

/** What a person needs to find everything: one line each, in columns. */
export function formatTable(rows: readonly Address[]): string {
  const width = Math.max(...rows.map(({ title }) => title.length));
  return rows.map(({ title, url }) => `  ${title.padEnd(width)}  ${url}`).join("\n");
}
