import { ESCAPING_SCHEMES, type EscapingScheme } from "../exposition/names.ts";
import type { Dialect, TextFormat } from "../exposition/text.ts";

/** What a scraper gets. */
export interface Negotiated extends Dialect {
  readonly contentType: string;
}

/** The versions of each text; the first is taken where a scraper names none. */
const FORMATS: Readonly<
  Record<string, { readonly format: TextFormat; readonly versions: readonly string[] }>
> = {
  "application/openmetrics-text": { format: "openmetrics", versions: ["1.0.0", "0.0.1"] },
  "text/plain": { format: "text", versions: ["0.0.4", "1.0.0"] },
};

/**
 * Choose the text for a scrape: the one with the highest weight that we write, and text 0.0.4 where a scraper
 * takes anything or nothing of it. Names are written by the escaping scheme that the same item asks for, by
 * default with underscores.
 * Source: https://prometheus.io/docs/instrumenting/content_negotiation/
 */
export function negotiate(accept: string | undefined): Negotiated {
  for (const { type, parameters } of itemsOf(accept ?? "")) {
    const known = FORMATS[type];
    const version = parameters.get("version") ?? known?.versions[0] ?? "";
    if (known === undefined) {
      if (type === "*/*" || type === "text/*") break;
    } else if (known.versions.includes(version)) {
      return answer(type, known.format, version, parameters.get("escaping"));
    }
  }
  return answer("text/plain", "text", "0.0.4", undefined);
}

function answer(type: string, format: TextFormat, version: string, escaping: string | undefined): Negotiated {
  const asked = schemeOf(escaping);
  const scheme = asked ?? "underscores";
  // Older versions know of no schemes: there it is only said where it was asked for.
  const said = asked !== undefined || version === "1.0.0" ? `; escaping=${scheme}` : "";
  return { format, scheme, contentType: `${type}; version=${version}; charset=utf-8${said}` };
}

function schemeOf(escaping: string | undefined): EscapingScheme | undefined {
  // Prometheus' own pages have both spellings.
  const name = escaping === "allow-utf8" ? "allow-utf-8" : escaping;
  return ESCAPING_SCHEMES.find((scheme) => scheme === name);
}

/** Whether a scraper takes gzip. */
export function acceptsGzip(acceptEncoding: string | undefined): boolean {
  return itemsOf(acceptEncoding ?? "").some(({ type }) => type === "gzip" || type === "x-gzip");
}

interface Item {
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly weight: number;
}

/** The items of an Accept header with a weight above 0, the heaviest first, else in their order. */
function itemsOf(header: string): Item[] {
  const items = header.split(",").map((text): Item => {
    const [type = "", ...rest] = text.split(";").map((part) => part.trim());
    const parameters = new Map(
      rest.map((part): [string, string] => {
        const [name = "", value = ""] = part.split("=");
        return [name.trim().toLowerCase(), value.trim().replace(/^"(.*)"$/, "$1")];
      }),
    );
    const weight = parameters.has("q") ? Number(parameters.get("q")) : 1;
    return { type: type.toLowerCase(), parameters, weight: Number.isNaN(weight) ? 0 : weight };
  });
  return items.filter(({ weight }) => weight > 0).sort((a, b) => b.weight - a.weight);
}
