import { RE2JS } from "re2js";

/** What was matched by named groups; those that took no part are left out. */
export type Groups = Readonly<Record<string, string>>;

/** A pattern over whole texts: keys, or the dotted paths of fields. */
export interface Pattern {
  /** As it was written. */
  readonly source: string;
  /** Names of its groups. */
  readonly groups: readonly string[];
  /** The one text that it matches, where there is only one. */
  readonly literal: string | undefined;
  /** The groups; undefined where the text does not match. */
  match(text: string): Groups | undefined;
}

const NO_GROUPS: Groups = {};

/**
 * A regular expression that somebody else wrote. It runs on an engine whose time is linear in the text (RE2's
 * syntax: neither lookaround nor backreferences), so that no expression can hold up the exporter.
 *
 * @throws Error where it is malformed.
 */
export function linearPattern(source: string): Pattern {
  const expression = compileLinear(source);
  const names = Object.entries(expression.namedGroups() as Record<string, number>);
  const literal = literalOf(source);
  return {
    source,
    groups: names.map(([name]) => name),
    literal,
    match(text) {
      if (literal !== undefined) return text === literal ? NO_GROUPS : undefined;
      if (names.length === 0) return expression.matches(text) ? NO_GROUPS : undefined;
      const matcher = expression.matcher(text);
      if (!matcher.matches()) return undefined;
      return withoutAbsent(names.map(([name, index]) => [name, matcher.group(index)]));
    },
  };
}

/**
 * An expression on the engine whose time is linear in the text.
 *
 * @throws Error where it is malformed.
 */
export function compileLinear(source: string): RE2JS {
  try {
    return RE2JS.compile(source, RE2JS.DOTALL);
  } catch (error) {
    // The engine shows the flag as part of the expression.
    throw new Error((error as Error).message.replace("`(?s)", "`"), { cause: error });
  }
}

/**
 * A regular expression of our own, for which JavaScript's engine is safe. It has to be one of the linear engine's
 * as well: people start from a copy of the default rules.
 */
export function trustedPattern(source: string): Pattern {
  const expression = new RegExp(`^(?:${source})$`, "us");
  return {
    source,
    groups: Object.keys(new RegExp(`${source}|`, "us").exec("")?.groups ?? {}),
    literal: literalOf(source),
    match(text) {
      const match = expression.exec(text);
      if (match === null) return undefined;
      return match.groups === undefined ? NO_GROUPS : withoutAbsent(Object.entries(match.groups));
    },
  };
}

/**
 * A dotted path whose parts may be `*`, any one part, or `{name}`, any one part that becomes a group:
 * `disks.{disk}.used`.
 *
 * @throws Error where a part is malformed.
 */
export function pathPattern(source: string): Pattern {
  const plain = withoutRoot(source);
  if (plain !== undefined) throw new Error(`paths have no $: write ${plain}`);
  const parts = source.split(".").map((text) => {
    const name = /^\{([^{}]+)\}$/.exec(text)?.[1];
    if (name === undefined && /[{}*]/.test(text) && text !== "*") {
      throw new Error(`expected * or {name} for a whole part, such as disks.{disk}.used (in ${source})`);
    }
    return { text, name, isAny: text === "*" || name !== undefined };
  });
  const groups = parts.flatMap(({ name }) => name ?? []);
  if (new Set(groups).size !== groups.length) throw new Error(`a name occurs twice (in ${source})`);
  return {
    source,
    groups,
    literal: parts.every(({ isAny }) => !isAny) ? source : undefined,
    match(text) {
      const found = text.split(".");
      if (found.length !== parts.length) return undefined;
      if (!parts.every(({ text: wanted, isAny }, index) => isAny || found[index] === wanted))
        return undefined;
      return withoutAbsent(
        parts.flatMap(({ name }, index) => (name === undefined ? [] : [[name, found[index]]])),
      );
    },
  };
}

/**
 * What a path in the manner of JSONPath (`$.a[0]`), which would silently match nothing, is in ours; undefined where
 * it is no such path. A field that is really named so can be had by an expression (`field`).
 */
export function withoutRoot(source: string): string | undefined {
  if (!/^\$[.[]/.test(source)) return undefined;
  const parts = source.slice(1).matchAll(/\[(?:'([^']*)'|"([^"]*)"|([^\]]*))\]|([^.[\]]+)/g);
  return [...parts].map(([, single, double, bare, name]) => single ?? double ?? bare ?? name).join(".");
}

function withoutAbsent(entries: readonly (readonly [string, string | null | undefined])[]): Groups {
  return Object.fromEntries(
    entries.filter((entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== null),
  );
}

/** The text that an expression without any special character matches. */
function literalOf(source: string): string | undefined {
  return /^[\w\s/:,;=@#%&'"<>!~`-]*$/.test(source) ? source : undefined;
}

/** Whether a group becomes a label: not where the metric's name takes it, or its own name begins with `_`. */
export function isLabel(group: string, metric: string | undefined): boolean {
  return !group.startsWith("_") && metric?.includes(`{${group}}`) !== true;
}

/** Put groups in the place of `{name}`; a group that took no part is empty. */
export function fillIn(template: string, groups: Groups): string {
  return template.replace(/\{([^{}]+)\}/g, (_, name: string) => groups[name] ?? "");
}

/** The names in braces of a template. */
export function placeholders(template: string): string[] {
  return [...template.matchAll(/\{([^{}]+)\}/g)].map(([, name]) => name ?? "");
}
