import { type Dialect, samplePrefix } from "./text.ts";

/**
 * Rewrite samples for another dialect. Fragments are kept in one canonical form: the text format, names in UTF-8,
 * time stamps in milliseconds. Nearly all look the same in every dialect; only families with UTF-8 names or time
 * stamps, and all for the scheme `dots`, come here.
 */
export function translateSamples(canonical: string, dialect: Dialect): string {
  let text = "";
  for (let at = 0; at < canonical.length; ) {
    const end = canonical.indexOf("\n", at);
    text += `${translateSample(canonical.slice(at, end), dialect)}\n`;
    at = end + 1;
  }
  return text;
}

function translateSample(line: string, { format, scheme }: Dialect): string {
  const { name, labels, rest } = readSample(line);
  const [value = "", timestamp] = rest.split(" ");
  const written =
    timestamp === undefined
      ? ""
      : ` ${format === "openmetrics" ? String(Number(timestamp) / 1000) : timestamp}`;
  return `${samplePrefix(name, labels, scheme)}${value}${written}`;
}

interface Sample {
  readonly name: string;
  readonly labels: (readonly [string, string])[];
  /** The value, and the time stamp where there is one. */
  readonly rest: string;
}

/** Read a line that samplePrefix wrote; no other one. */
function readSample(line: string): Sample {
  const bare = /^[^{ ]*/.exec(line)?.[0] ?? "";
  let name = bare;
  let at = bare.length;
  const labels: (readonly [string, string])[] = [];
  if (line[at] === "{") {
    at += 1;
    while (line[at] !== "}") {
      const [label, afterName] = line[at] === '"' ? readQuoted(line, at) : readBare(line, at);
      if (line[afterName] === "=") {
        const [value, afterValue] = readQuoted(line, afterName + 1);
        labels.push([label, value]);
        at = afterValue;
      } else {
        name = label;
        at = afterName;
      }
      if (line[at] === ",") at += 1;
    }
    at += 1;
  }
  return { name, labels, rest: line.slice(at + 1) };
}

function readBare(line: string, start: number): readonly [text: string, end: number] {
  const end = line.indexOf("=", start);
  return [line.slice(start, end), end];
}

function readQuoted(line: string, start: number): readonly [text: string, end: number] {
  let end = start + 1;
  while (line[end] !== '"') end += line[end] === "\\" ? 2 : 1;
  const inner = line.slice(start + 1, end);
  const text = inner.replace(/\\(.)/gs, (_, character: string) => (character === "n" ? "\n" : character));
  return [text, end + 1];
}
