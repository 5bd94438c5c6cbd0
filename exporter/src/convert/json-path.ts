/** A step into a document: to the part of a name or a number in a list, or to each part that meets a condition. */
export type Step = { readonly name: string } | { readonly each: Condition | undefined };

/** What a part must have at a path of its own. */
export interface Condition {
  readonly path: readonly Step[];
  readonly equals: string | number | boolean;
}

/** A text with paths in it, as json_exporter has it: `planet-{ .location }`. */
export type Template = readonly (string | readonly Step[])[];

/** A template says something that has no counterpart here. The message says what. */
export class JsonPathError extends Error {
  override readonly name = "JsonPathError";
}

/**
 * Read a template of Kubernetes' JSONPath, which json_exporter takes: text with paths in braces.
 * Source: https://kubernetes.io/docs/reference/kubectl/jsonpath/
 *
 * @throws JsonPathError for what a rule cannot say: slices, unions, recursion, loops, filters other than `==`.
 */
export function parseTemplate(text: string): Template {
  const parts: (string | readonly Step[])[] = [];
  for (let at = 0; at < text.length; ) {
    const open = text.indexOf("{", at);
    if (open === -1) {
      parts.push(text.slice(at));
      break;
    }
    if (open > at) parts.push(text.slice(at, open));
    const close = endOf(text, open);
    parts.push(parseExpression(text.slice(open + 1, close).trim()));
    at = close + 1;
  }
  return parts;
}

/** Where the brace that opens here is closed; braces between quotes are text. */
function endOf(text: string, open: number): number {
  let quote = "";
  for (let at = open + 1; at < text.length; at += 1) {
    const character = text[at] as string;
    if (quote !== "") {
      if (character === quote) quote = "";
    } else if (character === '"' || character === "'") quote = character;
    else if (character === "}") return at;
  }
  return refuse(`a brace that is not closed (${text})`);
}

/** What a step may look like, and what it means; the first that fits is taken. */
const STEPS: readonly (readonly [RegExp, (match: RegExpExecArray) => Step])[] = [
  [/\.\./y, () => refuse("recursion (..)")],
  [/\.?\[\s*\?\s*\((.*?)\)\s*\]/y, ([, condition = ""]) => ({ each: parseCondition(condition.trim()) })],
  [/\[\s*-\d+\s*\]/y, () => refuse("counting from the end ([-1])")],
  [/\[[^\]'"]*:[^\]'"]*\]/y, () => refuse("a slice ([a:b])")],
  [/\[[^\]]*,[^\]]*\]/y, () => refuse("a union ([a,b])")],
  [/\.?\[\s*\*\s*\]|\.\*/y, () => ({ each: undefined })],
  [/\.?\[\s*(\d+)\s*\]/y, ([, number = ""]) => ({ name: number })],
  [/\.?\[\s*(?:'([^']*)'|"([^"]*)")\s*\]/y, ([, single, double]) => ({ name: single ?? double ?? "" })],
  // A backslash makes a dot part of the name.
  [/\.((?:\\.|[^\\.[\]{}()\s])+)/y, ([, name = ""]) => ({ name: name.replace(/\\(.)/g, "$1") })],
];

function parseExpression(expression: string): string | readonly Step[] {
  const quoted = /^(?:"([^"]*)"|'([^']*)')$/.exec(expression);
  if (quoted !== null) return quoted[1] ?? quoted[2] ?? "";
  if (/^(range|end)\b/.test(expression)) refuse("a loop (range … end)");
  return parsePath(expression);
}

function parsePath(text: string): readonly Step[] {
  const steps: Step[] = [];
  const start = /^[$@]?\.?$/.test(text) ? text.length : /^[$@]/.test(text) ? 1 : 0;
  for (let at = start; at < text.length; ) {
    const [step, end] = stepAt(text, at);
    if ("name" in step && /[{}*]|^$/.test(step.name)) {
      refuse(`a name that is empty or has braces or a star (${step.name})`);
    }
    steps.push(step);
    at = end;
  }
  return steps;
}

function stepAt(text: string, at: number): [step: Step, end: number] {
  for (const [pattern, meaning] of STEPS) {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    const end = pattern.lastIndex;
    if (match !== null) return [meaning(match), end];
  }
  return refuse(`what cannot be read: ${text.slice(at)}`);
}

/** Of the conditions of filters there is one that rules have too: that something is there and has this value. */
function parseCondition(text: string): Condition {
  const [, left = "", single, double, plain = ""] =
    /^(@[^=<>!]*?)\s*==\s*(?:'([^']*)'|"([^"]*)"|(true|false|-?\d+(?:\.\d+)?))$/.exec(text) ?? [];
  const path = left === "" ? [] : parsePath(left);
  if (path.length === 0 || path.some((step) => "each" in step)) refuse(`a filter like [?(${text})]`);
  const equals =
    single ?? double ?? (plain === "true" || plain === "false" ? plain === "true" : Number(plain));
  return { path, equals };
}

function refuse(what: string): never {
  throw new JsonPathError(what);
}
