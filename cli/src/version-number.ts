import type { Client } from "./client.ts";

/** The number of a version that is said by its number or by an alias. */
export async function versionNumber(client: Client, name: string, version: string): Promise<number> {
  if (/^\d+$/.test(version)) return Number(version);
  const path = `/functions/${encodeURIComponent(name)}/versions/${encodeURIComponent(version)}`;
  return (await client.ask<{ version: number }>("GET", path)).version;
}
