import type { Output } from "../outputs/output.ts";
import type { Match, Selection } from "./matcher.ts";

/**
 * The rules that match a path and would have come first, had something else not kept them from it: what a person
 * looks for who wonders why a rule does nothing.
 *
 * @param decided what decided on the path; rules behind it would have done nothing anyway.
 */
export function nearMisses(
  path: string,
  decided: Match | undefined,
  { all, matcher }: Selection,
  output: Output,
): string[] {
  const before = decided === undefined ? all : all.slice(0, all.indexOf(decided.rule));
  return before
    .filter(({ spellings }) => spellings.some((pattern) => pattern.match(path) !== undefined))
    .map((rule) => {
      if (matcher.rules.includes(rule)) return `${rule.at}: does not apply: its where does not hold`;
      return rule.definition.per === "host" && output.host === undefined
        ? `${rule.at}: does not apply: it is for outputs about a host (per: host)`
        : `${rule.at}: does not apply: its key does not match ${JSON.stringify(output.key)}`;
    });
}
