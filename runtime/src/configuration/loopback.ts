import { BlockList, isIP } from "node:net";

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet("127.0.0.0", 8, "ipv4");
LOOPBACK.addAddress("::1", "ipv6");

/** Whether a request's `Host` is a name that nobody else can give to this machine: an address, or localhost. */
export function isOwnHost(host: string): boolean {
  const { hostname } = URL.parse(`http://${host}`) ?? { hostname: "" };
  return /(^|\.)localhost$/.test(hostname) || isIP(hostname.replace(/^\[(.*)\]$/, "$1")) !== 0;
}

/** Whether only programs of this machine reach what listens on an address. A name but `localhost` may be any. */
export function isLoopback(address: string): boolean {
  if (address.toLowerCase() === "localhost") return true;
  const kind = isIP(address);
  return kind !== 0 && LOOPBACK.check(address, kind === 4 ? "ipv4" : "ipv6");
}
