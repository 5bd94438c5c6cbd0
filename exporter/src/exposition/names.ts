/**
 * Names of metrics and labels: which ones every scraper takes, and how the others are written for a scraper that
 * does not take them.
 * Source: https://prometheus.io/docs/instrumenting/escaping_schemes/
 */

/** What a scraper asks for in the parameter `escaping` of its Accept header. */
export const ESCAPING_SCHEMES = ["allow-utf-8", "underscores", "dots", "values"] as const;
export type EscapingScheme = (typeof ESCAPING_SCHEMES)[number];

const LEGACY_METRIC = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LEGACY_LABEL = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

export type NameKind = "metric" | "label";

/** Whether a name may be written without quotes: the only names that there were before UTF-8 names. */
export function isLegacyName(name: string, kind: NameKind): boolean {
  return (kind === "metric" ? LEGACY_METRIC : LEGACY_LABEL).test(name);
}

/** Whether a scraper that asks for `allow-utf-8` takes the name: any text that UTF-8 can hold, but an empty one. */
export function isUtf8Name(name: string): boolean {
  return name !== "" && name.isWellFormed();
}

/** Write a name by a scheme; with `allow-utf-8` it stays as it is. */
export function escapeName(name: string, scheme: EscapingScheme, kind: NameKind): string {
  switch (scheme) {
    case "allow-utf-8":
      return name;
    case "underscores":
      return isLegacyName(name, kind)
        ? name
        : mapCharacters(name, (c, isLegacy) => (isLegacy ? c : "_"), kind);
    case "dots":
      return mapCharacters(
        name,
        (c, isLegacy) => (c === "_" ? "__" : c === "." ? "_dot_" : isLegacy ? c : "_"),
        kind,
      );
    case "values":
      return isLegacyName(name, kind)
        ? name
        : `U__${mapCharacters(name, (c, isLegacy) => (c === "_" ? "__" : isLegacy ? c : `_${hexOf(c)}_`), kind)}`;
  }
}

function mapCharacters(
  name: string,
  write: (character: string, isLegacy: boolean) => string,
  kind: NameKind,
): string {
  let text = "";
  for (const character of name) {
    const isLegacy =
      /[a-zA-Z_]/.test(character) ||
      (character === ":" && kind === "metric") ||
      (/[0-9]/.test(character) && text !== "");
    text += write(character, isLegacy);
  }
  return text;
}

function hexOf(character: string): string {
  return (character.codePointAt(0) ?? 0xfffd).toString(16).toUpperCase();
}
