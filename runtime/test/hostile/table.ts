import type { Expected } from "./case.ts";
import { CORPUS } from "./corpus.ts";

/** The tables of docs/reference/isolation.md: what the suite expects, in words. */
export function tablesOfResults(): string {
  const parts = Object.entries(CORPUS).map(([what, cases]) => {
    const rows = cases.map((hostile) => [
      hostile.tries,
      inWords(hostile.process),
      inWords(hostile.sandbox),
      hostile.file.endsWith(".mjs") ? "is refused" : inWords(hostile.microvm ?? hostile.sandbox),
    ]);
    return `### ${what}\n\n${table(["it tries to", "at `process`", "at `sandbox`", "at `microvm`"], rows)}`;
  });
  return parts.join("\n\n");
}

/** The cases that a runtime without the right to change users could not hold off as well. */
export function tableOfSharedUser(): string {
  const rows = Object.values(CORPUS)
    .flat()
    .flatMap(({ tries, shared }) => (shared === undefined ? [] : [[tries, inWords(shared)]]));
  return table(["it tries to", "at `process`, as the runtime's own user"], rows);
}

function inWords(expected: Expected): string {
  const { outcome = "ok", limit, could = [], may = [], inWords: words } = expected;
  if (words !== undefined) return words;
  const abilities = [
    ...(could.length > 0 ? [`can ${could.join(", ")}`] : []),
    ...(may.length > 0 ? [`can, where the machine lets all users: ${may.join(", ")}`] : []),
  ];
  if (abilities.length > 0) return abilities.join("; ");
  switch ([outcome].flat()[0]) {
    case "timeout":
      return "is ended at `limits.timeout`";
    case "killed":
      return limit === undefined ? "its worker is ended" : `is ended at \`limits.${limit}\``;
    case "error":
      return limit === undefined ? "the call fails" : `fails at \`limits.${limit}\``;
    default:
      return "nothing";
  }
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((text, column) =>
    Math.max(text.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
}
