/**
 * A parser of Prometheus' text format and of OpenMetrics, written from their descriptions and sharing nothing with
 * the exporter's writer. It is as strict as the scraper is where a scrape would fail, and stricter in what the
 * descriptions forbid besides.
 * Sources: https://prometheus.io/docs/instrumenting/exposition_formats/,
 * https://prometheus.io/docs/specs/om/open_metrics_spec/
 */
export interface ParsedSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  readonly timestamp: number | undefined;
  readonly exemplar:
    | { readonly labels: Readonly<Record<string, string>>; readonly value: number }
    | undefined;
}

export interface ParsedFamily {
  readonly name: string;
  type: string;
  help: string | undefined;
  unit: string | undefined;
  readonly samples: ParsedSample[];
}

export type ParsedFormat = "text" | "openmetrics";

const SUFFIXES: Readonly<Record<string, readonly string[]>> = {
  text: ["", "_bucket", "_sum", "_count"],
  counter: ["_total", "_created"],
  histogram: ["_bucket", "_sum", "_count", "_created"],
  summary: ["", "_sum", "_count", "_created"],
  info: ["_info"],
  gauge: [""],
  unknown: [""],
};

/** @throws Error that names the line, where the text is not well-formed. */
export function parseExposition(text: string, format: ParsedFormat): ParsedFamily[] {
  if (text !== "" && !text.endsWith("\n")) throw new Error("the last line does not end");
  const lines = text.split("\n").slice(0, -1);
  if (format === "openmetrics" && lines.pop() !== "# EOF") throw new Error("the last line is not # EOF");
  const families = new Map<string, ParsedFamily>();
  const seen = new Set<string>();
  let current: ParsedFamily | undefined;
  for (const [index, line] of lines.entries()) {
    try {
      current = parseLine(line, format, families, seen, current);
    } catch (error) {
      throw new Error(`line ${index + 1}: ${(error as Error).message}: ${line.slice(0, 300)}`, {
        cause: error,
      });
    }
  }
  return [...families.values()];
}

function parseLine(
  line: string,
  format: ParsedFormat,
  families: Map<string, ParsedFamily>,
  seen: Set<string>,
  current: ParsedFamily | undefined,
): ParsedFamily | undefined {
  if (line === "") {
    if (format === "openmetrics") throw new Error("an empty line");
    return current;
  }
  if (line.startsWith("#")) return parseComment(line, families, current);
  const sample = new LineReader(line).readSample(format);
  const id = JSON.stringify([
    sample.name,
    Object.entries(sample.labels).sort(([a], [b]) => (a < b ? -1 : 1)),
  ]);
  if (seen.has(id)) throw new Error("a series twice");
  seen.add(id);
  if (current === undefined) throw new Error("a sample of no family");
  const suffixes = format === "text" ? SUFFIXES.text : SUFFIXES[current.type];
  if (suffixes?.some((suffix) => sample.name === current.name + suffix) !== true) {
    throw new Error(`a sample that is none of ${current.name}, a ${current.type}`);
  }
  current.samples.push(sample);
  return current;
}

function parseComment(
  line: string,
  families: Map<string, ParsedFamily>,
  current: ParsedFamily | undefined,
): ParsedFamily {
  const match = /^# (HELP|TYPE|UNIT) ("(?:[^"\\]|\\.)*"|[^ ]+) ?(.*)$/s.exec(line);
  if (match === null) throw new Error("no comment that there is");
  const [, kind, written = "", rest = ""] = match;
  const name = written.startsWith('"') ? unescaped(written.slice(1, -1)) : checked(written, "metric");
  let family = families.get(name);
  if (family === undefined) {
    family = { name, type: "", help: undefined, unit: undefined, samples: [] };
    families.set(name, family);
  } else if (family !== current || family.samples.length > 0) {
    throw new Error("a family in two places");
  }
  if (kind === "HELP" && family.help === undefined) family.help = rest;
  else if (kind === "TYPE" && family.type === "") family.type = rest;
  else if (kind === "UNIT" && family.unit === undefined) {
    family.unit = rest;
    if (!name.endsWith(`_${rest}`)) throw new Error("a unit that the name does not end in");
  } else throw new Error(`${kind} twice`);
  return family;
}

class LineReader {
  readonly #line: string;
  #at = 0;

  constructor(line: string) {
    this.#line = line;
  }

  readSample(format: ParsedFormat): ParsedSample {
    let name = "";
    while (/[^{ ]/.test(this.#peek())) name += this.#next();
    const labels: Record<string, string> = {};
    if (this.#peek() === "{") {
      const quoted = this.#readLabels(labels);
      if (quoted !== undefined && name !== "") throw new Error("two names");
      name = quoted ?? checked(name, "metric");
    } else checked(name, "metric");
    if (name === "") throw new Error("no name");
    this.#expect(" ");
    const value = number(this.#word());
    let timestamp: number | undefined;
    if (this.#peek() === " " && this.#line[this.#at + 1] !== "#") {
      this.#expect(" ");
      const word = this.#word();
      if (format === "text" && !/^-?\d+$/.test(word)) throw new Error("no time stamp in milliseconds");
      timestamp = number(word);
    }
    const exemplar = this.#peek() === " " && format === "openmetrics" ? this.#readExemplar() : undefined;
    if (this.#at !== this.#line.length) throw new Error("more than a sample");
    return { name, labels, value, timestamp, exemplar };
  }

  #readExemplar(): NonNullable<ParsedSample["exemplar"]> {
    this.#expect(" ");
    this.#expect("#");
    this.#expect(" ");
    const labels: Record<string, string> = {};
    if (this.#readLabels(labels) !== undefined) throw new Error("a name in an exemplar");
    if (Array.from(Object.entries(labels).flat().join("")).length > 128) throw new Error("a long exemplar");
    this.#expect(" ");
    const value = number(this.#word());
    if (this.#peek() === " ") {
      this.#expect(" ");
      number(this.#word());
    }
    return { labels, value };
  }

  /** @returns the metric's name where it is among them. */
  #readLabels(labels: Record<string, string>): string | undefined {
    let metric: string | undefined;
    this.#expect("{");
    for (let isFirst = true; this.#peek() !== "}"; isFirst = false) {
      if (!isFirst) this.#expect(",");
      const isQuoted = this.#peek() === '"';
      let name = "";
      if (isQuoted) name = this.#readQuoted();
      else while (/[^=,}"]/.test(this.#peek())) name += this.#next();
      if (isQuoted && this.#peek() !== "=") {
        if (!isFirst) throw new Error("a name that is not the first");
        metric = name;
        continue;
      }
      if (!isQuoted) checked(name, "label");
      if (Object.hasOwn(labels, name)) throw new Error(`the label ${name} twice`);
      this.#expect("=");
      Object.defineProperty(labels, name, { value: this.#readQuoted(), enumerable: true });
    }
    this.#expect("}");
    return metric;
  }

  #readQuoted(): string {
    const start = this.#at;
    this.#expect('"');
    while (this.#peek() !== '"') {
      if (this.#peek() === "") throw new Error("a text that does not end");
      if (this.#next() === "\\") this.#next();
    }
    this.#expect('"');
    return unescaped(this.#line.slice(start + 1, this.#at - 1));
  }

  #word(): string {
    let word = "";
    while (/[^ ]/.test(this.#peek())) word += this.#next();
    return word;
  }

  #peek(): string {
    return this.#line[this.#at] ?? "";
  }

  #next(): string {
    const character = this.#peek();
    this.#at += 1;
    return character;
  }

  #expect(character: string): void {
    if (this.#next() !== character) throw new Error(`expected ${character} at ${this.#at}`);
  }
}

function unescaped(text: string): string {
  return text.replace(/\\(.?)/gs, (_, character: string) => {
    if (character === "n") return "\n";
    if (character === '"' || character === "\\") return character;
    throw new Error(`no escape: \\${character}`);
  });
}

function checked(name: string, kind: "metric" | "label"): string {
  const isRight = kind === "metric" ? /^[a-zA-Z_:][a-zA-Z0-9_:]*$/ : /^[a-zA-Z_][a-zA-Z0-9_]*$/;
  if (!isRight.test(name)) throw new Error(`no name of a ${kind} without quotes: ${name}`);
  return name;
}

function number(text: string): number {
  if (text === "+Inf") return Number.POSITIVE_INFINITY;
  if (text === "-Inf") return Number.NEGATIVE_INFINITY;
  if (text === "NaN") return Number.NaN;
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) throw new Error(`no number: ${text}`);
  return Number(text);
}
