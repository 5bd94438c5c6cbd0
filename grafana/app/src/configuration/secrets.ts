import { ROLES, type Role } from "../api/role";

/** Names in Grafana's secureJsonData, by role: as the routes of plugin.json have them. */
export const SECRET_NAMES: Readonly<Record<Role, string>> = {
  viewer: "viewerSecret",
  editor: "editorSecret",
  admin: "adminSecret",
};

/** The runtime takes no shorter one. */
export const SHORTEST_SECRET = 16;

/** Makes the three values where no browser can: on a machine that knows the secret. */
export const DERIVING_COMMAND = [
  "for role in viewer editor admin; do",
  '  echo "$role $(printf $role |',
  '    openssl dgst -sha256 -hmac "$GAUGELET_GRAFANA_SECRET" -r)"',
  "done",
].join("\n");

/** Whether this browser derives: it does on pages over https and from localhost alone. */
export function canDerive(): boolean {
  return globalThis.crypto?.subtle !== undefined;
}

/**
 * What each role's route shows to the runtime: HMAC-SHA256 of the role's name, with the common secret as its key, in
 * hexadecimal. The secret itself is kept nowhere, and of a derived one nobody can tell it, or another.
 */
export async function deriveSecrets(secret: string): Promise<Record<Role, string>> {
  const encoder = new TextEncoder();
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", encoder.encode(secret), algorithm, false, ["sign"]);
  const derived = await Promise.all(
    ROLES.map(async (role) => [
      role,
      hexadecimal(await crypto.subtle.sign("HMAC", key, encoder.encode(role))),
    ]),
  );
  return Object.fromEntries(derived) as Record<Role, string>;
}

/** Whether a text looks like a derived value. */
export function isDerived(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text);
}

function hexadecimal(bytes: ArrayBuffer): string {
  return [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
