import type { OutputSource } from "../configuration.ts";

/**
 * The host that an output is about, undefined where it is about none: what the configuration says; else, for
 * the keys `metrics:…` and `usage:…`, the shard or the rest of the key; `default` for the key `metrics`, which
 * names no host.
 */
export function hostOf(
  key: string,
  shard: string | undefined,
  sources: readonly OutputSource[],
): string | undefined {
  for (const { pattern, host } of sources) {
    const matched = host === undefined ? undefined : pattern.match(key);
    if (host !== undefined && matched !== undefined) return host.replaceAll("{shard}", () => matched);
  }
  if (key === "metrics") return shard ?? "default";
  const rest = /^(?:metrics|usage):(.+)$/s.exec(key)?.[1];
  return rest === undefined ? undefined : (shard ?? rest);
}
