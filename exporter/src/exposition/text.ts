import { baseName, type Family } from "./family.ts";
import { type EscapingScheme, escapeName, isLegacyName, type NameKind } from "./names.ts";

/** The two texts that Prometheus reads. Version 1.0.0 of the first differs in its names alone. */
export type TextFormat = "text" | "openmetrics";

/** How samples are written: in which text, and names by which scheme. */
export interface Dialect {
  readonly format: TextFormat;
  readonly scheme: EscapingScheme;
}

/** A label's value between quotes. */
export function escapeValue(value: string): string {
  // Most have nothing to escape, and a test costs less than a replacement.
  return /[\\"\n]/.test(value) ? value.replace(/[\\"\n]/g, (c) => (c === "\n" ? "\\n" : `\\${c}`)) : value;
}

/** A number as both texts have it. */
export function formatNumber(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return "+Inf";
  if (value === Number.NEGATIVE_INFINITY) return "-Inf";
  return String(value);
}

/** A name by the scheme, between quotes where it needs them. */
function writeName(name: string, scheme: EscapingScheme, kind: NameKind): string {
  return quoted(escapeName(name, scheme, kind), kind);
}

function quoted(escaped: string, kind: NameKind): string {
  return isLegacyName(escaped, kind) ? escaped : `"${escapeValue(escaped)}"`;
}

/** All of a sample but its value: `name{label="value"} `. A name that is no legacy name goes inside the braces. */
export function samplePrefix(
  name: string,
  labels: Iterable<readonly [name: string, value: string]>,
  scheme: EscapingScheme,
): string {
  const written = writeName(name, scheme, "metric");
  const isQuoted = written.startsWith('"');
  let inner = isQuoted ? written : "";
  for (const [label, value] of labels) {
    inner += `${inner === "" ? "" : ","}${writeName(label, scheme, "label")}="${escapeValue(value)}"`;
  }
  return `${isQuoted ? "" : written}${inner === "" ? "" : `{${inner}}`} `;
}

/** The comments in front of a family's samples. */
export function familyHeader(family: Family, { format, scheme }: Dialect): string {
  const isOpenMetrics = format === "openmetrics";
  const whole = escapeName(family.name, scheme, "metric");
  const bare = isOpenMetrics ? baseName(whole, family.type) : whole;
  const name = quoted(bare, "metric");
  const help = family.help.replace(isOpenMetrics ? /[\\"\n]/g : /[\\\n]/g, (c) =>
    c === "\n" ? "\\n" : `\\${c}`,
  );
  const lines = [`# HELP ${name} ${help}`, `# TYPE ${name} ${typeName(family, format)}`];
  // Once it is escaped, a name may not end in its unit any more; a scraper would refuse that.
  if (isOpenMetrics && family.unit !== undefined && bare.endsWith(`_${family.unit}`)) {
    lines.push(`# UNIT ${name} ${family.unit}`);
  }
  return `${lines.join("\n")}\n`;
}

/** The text format knows no info metrics, and says untyped where OpenMetrics says unknown. */
function typeName({ type }: Family, format: TextFormat): string {
  if (format === "openmetrics") return type;
  return type === "info" ? "gauge" : type === "unknown" ? "untyped" : type;
}
