import ipaddr from "ipaddr.js";
import { z } from "zod";

/** Hosts that uploads may be fetched from though they are not public. */
export interface AllowedHosts {
  /** In lower case. */
  readonly names: ReadonlySet<string>;
  /** First address and length of the prefix. */
  readonly ranges: readonly [ipaddr.IPv4 | ipaddr.IPv6, number][];
}

const NAME = /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,62})(\.[a-z0-9_][a-z0-9_-]{0,62})*$/;
const EXPECTED =
  "expected host names, addresses or ranges with commas between, such as files.internal,10.1.0.0/16,::1";

/** Host names, addresses and ranges in CIDR notation, with commas between. */
export const allowedHostsSchema = z.string().transform((text, context): AllowedHosts => {
  const names = new Set<string>();
  const ranges: [ipaddr.IPv4 | ipaddr.IPv6, number][] = [];
  for (const entry of text.split(",").map((each) => each.trim().toLowerCase())) {
    if (entry === "") continue;
    const range = rangeOf(entry);
    if (range !== undefined) ranges.push(range);
    // What ends in a number is no name, but an address that went wrong.
    else if (NAME.test(entry) && !/(^|\.)\d+$/.test(entry)) names.add(entry);
    else
      context.addIssue({ code: "custom", message: `${EXPECTED}; ${JSON.stringify(entry)} is none of them` });
  }
  return { names, ranges };
});

function rangeOf(text: string): [ipaddr.IPv4 | ipaddr.IPv6, number] | undefined {
  const [address = "", length] = text.split("/");
  const isAddress = address.includes(":")
    ? ipaddr.IPv6.isValid(address)
    : ipaddr.IPv4.isValidFourPartDecimal(address);
  if (!isAddress || address.includes("%")) return undefined;
  if (length === undefined) {
    const parsed = ipaddr.process(address);
    return [parsed, parsed.kind() === "ipv4" ? 32 : 128];
  }
  return ipaddr.isValidCIDR(text) ? ipaddr.parseCIDR(text) : undefined;
}
