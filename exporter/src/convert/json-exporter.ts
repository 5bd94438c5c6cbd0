import { celTemplate } from "./cel.ts";
import {
  type JsonExporterConfiguration,
  type JsonExporterMetric,
  type JsonExporterModule,
  KNOWN_FIELDS,
} from "./json-exporter-schema.ts";
import { JsonPathError, parseTemplate, type Step, type Template } from "./json-path.ts";

/** Something that could not be converted as it was. */
export interface ConversionNote {
  /** What it is about: a module, or one of its metrics. */
  readonly where: string;
  readonly message: string;
}

/** A configuration of ours, as it is written to a file, and what of the other one is not in it. */
export interface Conversion {
  readonly configuration: object;
  readonly notes: readonly ConversionNote[];
}

type Note = (message: string) => void;

/** A rule, as docs/reference/exporter.md has it. */
interface Rule {
  readonly path: string;
  readonly where?: Readonly<Record<string, string | number | boolean>>;
  readonly per: "document";
  readonly metric: string;
  readonly type: "gauge" | "counter" | "unknown";
  readonly help: string;
  readonly labels?: Readonly<Record<string, string | { readonly document: string }>>;
  readonly timestamp?: {
    readonly document: string;
    readonly format: "milliseconds";
    readonly missing: "omit";
  };
  readonly values?: Readonly<Record<string, number>>;
  readonly nonNumber?: "parse";
  readonly missing?: "count";
}

/** Convert a configuration of json_exporter. What has no counterpart is in the notes, metric by metric. */
export function convertJsonExporter({ modules }: JsonExporterConfiguration): Conversion {
  const notes: ConversionNote[] = [];
  const converted = Object.entries(modules).map(([name, module]) => {
    const where = `modules.${name}`;
    return [name, convertModule(module, where, notes)] as const;
  });
  return { configuration: { targets: [], modules: Object.fromEntries(converted) }, notes };
}

function convertModule(module: JsonExporterModule, where: string, notes: ConversionNote[]): object {
  const note: Note = (message) => notes.push({ where, message });
  noteUnknown(module, KNOWN_FIELDS.module, note);
  const rules: Rule[] = [];
  for (const [index, metric] of module.metrics.entries()) {
    const noteMetric: Note = (message) =>
      notes.push({ where: `${where}.metrics[${index}] ${metric.name}`, message });
    for (const rule of convertMetric(metric, noteMetric)) {
      const other = rules.find((earlier) => overlap(earlier, rule));
      if (other === undefined) rules.push(rule);
      else
        noteMetric(
          `left out: ${rule.metric}: a field becomes one metric, and this one is ${other.metric} already`,
        );
    }
  }
  return { defaultRules: false, ...httpOf(module, note), rules };
}

function httpOf(module: JsonExporterModule, note: Note): object {
  const { headers, body, http_client_config: client = {}, valid_status_codes: codes = [] } = module;
  if (codes.length > 0) note("valid_status_codes: an answer has to have a status from 200 to 299");
  if (body?.templatize === true) note("body.templatize: the body is sent as it is, templates and all");
  for (const field of Object.keys(client)) {
    // The password is not repeated: this is read on a screen.
    if (field === "basic_auth")
      note("http_client_config.basic_auth: write username and passwordFile under targets");
    else note(`http_client_config.${field} is not converted`);
  }
  const http = {
    ...(body === undefined || body.content === "" ? {} : { method: "POST", body: body.content }),
    ...(Object.keys(headers).length === 0 ? {} : { headers }),
  };
  return Object.keys(http).length === 0 ? {} : { http };
}

function convertMetric(metric: JsonExporterMetric, note: Note): Rule[] {
  noteUnknown(metric, KNOWN_FIELDS.metric, note);
  try {
    const read = metric.engine === "cel" ? celTemplate : parseTemplate;
    const base = pathOf(read(metric.path));
    if (base === undefined)
      throw new JsonPathError(`path: a text without one path in braces (${metric.path})`);
    const reader: Reader = { metric, read, base, note };
    return metric.type === "value" ? valueRules(reader) : objectRules(reader);
  } catch (error) {
    if (!(error instanceof JsonPathError)) throw error;
    note(`left out: path: there is no counterpart to ${error.message}`);
    return [];
  }
}

/** What the rules of one metric are made from. */
interface Reader {
  readonly metric: JsonExporterMetric;
  readonly read: (text: string) => Template;
  /** The value's path, or that of the objects that values are in. */
  readonly base: readonly Step[];
  readonly note: Note;
}

function valueRules(reader: Reader): Rule[] {
  // Where a filter leaves one, it is the value; of several ours takes the first, json_exporter none.
  if (reader.base.some((step) => "each" in step && step.each === undefined)) {
    throw new JsonPathError("more than one value at a path of type value; say type: object");
  }
  const missing = reader.metric.allow_missing_key ? {} : ({ missing: "count" } as const);
  const rule = ruleOf(reader, reader.metric.name, reader.base, []);
  return [{ ...rule, ...missing }];
}

function objectRules(reader: Reader): Rule[] {
  const { metric, base, note } = reader;
  const rules: Rule[] = [];
  for (const [name, text] of Object.entries(metric.values)) {
    try {
      const template = reader.read(text);
      const path = pathOf(template);
      const whole = `${metric.name}_${name}`;
      if (path === undefined) rules.push(constantRule(reader, whole, template));
      else if (hasMany(path)) throw new JsonPathError("more than one value in an object");
      else rules.push(ruleOf(reader, whole, [...base, ...path], base));
    } catch (error) {
      if (!(error instanceof JsonPathError)) throw error;
      note(`left out: values.${name}: there is no counterpart to ${error.message}`);
    }
  }
  return rules;
}

/** A number that is not in the document: the value of the field that a filter looks at stands for it. */
function constantRule(reader: Reader, name: string, template: Template): Rule {
  const text = template.filter((part) => typeof part === "string").join("");
  const value = text.trim() === "" ? Number.NaN : Number(text);
  const at = reader.base.findLastIndex((step) => "each" in step && step.each !== undefined);
  const step = reader.base[at];
  if (Number.isNaN(value) || step === undefined || "name" in step || step.each === undefined) {
    throw new JsonPathError(`a constant without a filter (${text})`);
  }
  const path = [...reader.base.slice(0, at + 1), ...step.each.path];
  const { nonNumber: _, ...rule } = ruleOf(reader, name, path, reader.base);
  return { ...rule, values: { [String(step.each.equals)]: value } };
}

/** @param element the path that labels and timestamp begin at. */
function ruleOf(reader: Reader, name: string, path: readonly Step[], element: readonly Step[]): Rule {
  const { metric, note, read } = reader;
  const labels = labelsOf(reader, element);
  const time = metric.epochTimestamp === undefined ? undefined : pathOf(read(metric.epochTimestamp));
  if (metric.epochTimestamp !== undefined && (time === undefined || hasMany(time))) {
    note(`epochTimestamp is left out: not one path (${metric.epochTimestamp})`);
  }
  const isCounter = metric.valuetype === "counter";
  const isNamedSo = name.endsWith("_total");
  if (isCounter && !isNamedSo) note(`${name} has no type: the name of a counter ends in _total`);
  const where = conditionsOf(path);
  return {
    path: dotted(path),
    ...(Object.keys(where).length === 0 ? {} : { where }),
    per: "document",
    metric: name,
    type: metric.valuetype === "gauge" ? "gauge" : isCounter && isNamedSo ? "counter" : "unknown",
    // As json_exporter has it where nothing is said.
    help: metric.help === undefined || metric.help === "" ? metric.name : metric.help,
    ...(Object.keys(labels).length === 0 ? {} : { labels }),
    ...(time === undefined || hasMany(time)
      ? {}
      : { timestamp: { document: dotted([...element, ...time]), format: "milliseconds", missing: "omit" } }),
    nonNumber: "parse",
  };
}

function labelsOf({ metric, read, note }: Reader, element: readonly Step[]): NonNullable<Rule["labels"]> {
  const labels: Record<string, string | { readonly document: string }> = {};
  for (const [name, text] of Object.entries(metric.labels)) {
    try {
      const template = read(text);
      const paths = template.filter((part) => typeof part !== "string");
      const [path] = paths;
      if (path === undefined) {
        labels[name] = template.filter((part) => typeof part === "string").join("");
        continue;
      }
      if (paths.length > 1) throw new JsonPathError("several fields in one label");
      if (hasMany(path)) throw new JsonPathError("more than one value in a label");
      if (template.length > 1)
        note(`labels.${name} has the field alone, without the text around it (${text})`);
      labels[name] = { document: dotted([...element, ...path]) };
    } catch (error) {
      if (!(error instanceof JsonPathError)) throw error;
      note(`labels.${name} is left out: there is no counterpart to ${error.message}`);
    }
  }
  return labels;
}

/** The path that a template is, where it is one and nothing else. */
function pathOf(template: Template): readonly Step[] | undefined {
  const parts = template.filter((part) => typeof part !== "string" || part.trim() !== "");
  const [path] = parts;
  return parts.length === 1 && typeof path === "object" ? path : undefined;
}

/** As our rules write it. Parts of lists get names, by which labels find their own; `_` keeps them from being labels. */
function dotted(path: readonly Step[]): string {
  let count = 0;
  const parts = path.map((step) => {
    if ("name" in step) return step.name;
    count += 1;
    return count === 1 ? "{_item}" : `{_item${count}}`;
  });
  return parts.join(".");
}

/** What the filters on a path want, by the path of what they look at. */
function conditionsOf(path: readonly Step[]): NonNullable<Rule["where"]> {
  const conditions = path.flatMap((step, at) => {
    if ("name" in step || step.each === undefined) return [];
    return [[dotted([...path.slice(0, at + 1), ...step.each.path]), step.each.equals] as const];
  });
  return Object.fromEntries(conditions);
}

function hasMany(path: readonly Step[]): boolean {
  return path.some((step) => "each" in step);
}

/** Whether two rules could be about the same field. */
function overlap(one: Rule, other: Rule): boolean {
  const [a, b] = [one.path.split("."), other.path.split(".")];
  const isAny = (part: string | undefined): boolean => part?.startsWith("{") === true;
  if (a.length !== b.length || !a.every((part, at) => part === b[at] || isAny(part) || isAny(b[at])))
    return false;
  const differs = ([path, wanted]: [string, unknown]): boolean =>
    one.where?.[path] !== undefined && one.where[path] !== wanted;
  return !Object.entries(other.where ?? {}).some(differs);
}

function noteUnknown(object: object, known: readonly string[], note: Note): void {
  for (const field of Object.keys(object)) if (!known.includes(field)) note(`${field} is not known`);
}
