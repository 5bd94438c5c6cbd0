import ipaddr from "ipaddr.js";
import type { AllowedHosts } from "../../configuration/allowed-hosts.ts";

/** Where uploads may be fetched from, besides public addresses. */
export interface UrlPolicy {
  readonly allowed: AllowedHosts;
}

const GLOBAL_IPV6 = ipaddr.parseCIDR("2000::/3");

/**
 * Whether a name may be connected to whatever address it has, since the operator lists it.
 *
 * @param host as in a URL, without brackets.
 */
export function isHostAllowed(host: string, { allowed }: UrlPolicy): boolean {
  return allowed.names.has(withoutDot(host).toLowerCase());
}

/**
 * What keeps an address from being connected to, in words that follow "it is"; undefined: nothing does.
 *
 * Only what is public may: whatever else an address is (loopback, private, link-local with its metadata
 * services, an IPv4 address inside one of IPv6, …), it could lead into the operator's own network.
 */
export function refusalOfAddress(address: string, { allowed }: UrlPolicy): string | undefined {
  const parsed = ipaddr.parse(address);
  // An IPv4 address in IPv6's clothes reaches the same machine.
  const plain =
    parsed instanceof ipaddr.IPv6 && parsed.isIPv4MappedAddress() ? parsed.toIPv4Address() : parsed;
  const isListed = allowed.ranges.some(
    ([start, length]) => start.kind() === plain.kind() && plain.match(start, length),
  );
  if (isListed) return undefined;
  if (parsed !== plain) return "an IPv4 address inside an IPv6 address";
  const range = plain.range();
  if (range !== "unicast") return WORDS[range] ?? `of the range ${range}`;
  return plain.kind() === "ipv4" || plain.match(GLOBAL_IPV6) ? undefined : "not public";
}

const WORDS: Readonly<Record<string, string>> = {
  loopback: "this machine's own (loopback)",
  private: "private",
  uniqueLocal: "private (unique local)",
  linkLocal: "link-local",
  multicast: "multicast",
  unspecified: "unspecified",
  carrierGradeNat: "private to a provider",
};

function withoutDot(host: string): string {
  return host.endsWith(".") ? host.slice(0, -1) : host;
}
