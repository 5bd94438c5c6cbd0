import { recordedScope, scope } from "../scope.ts";

/** Metrics of the chosen host itself. */
export const ofHost = `${scope}, host="$host"`;
export const recordedOfHost = `${recordedScope}, host="$host"`;

/**
 * Metrics that functions put out for the chosen host. A function without shards puts out one value for the
 * whole installation and has no host label, so an empty one matches too. Back quotes, because the escapes
 * that `:regex` adds are none that PromQL knows between double quotes.
 */
// biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana fills this in, not JavaScript
export const ofAnyFunction = "host=~`${host:regex}|`";

/** The same, of the chosen functions. */
export const ofFunction = `${scope}, function=~"$function", ${ofAnyFunction}`;
export const recordedOfFunction = `${recordedScope}, function=~"$function", ${ofAnyFunction}`;
