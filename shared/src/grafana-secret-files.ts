import { randomBytes, randomUUID } from "node:crypto";
import { link, mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readSecret } from "./environment-files.ts";
import { GRAFANA_ROLES, type GrafanaRole, grafanaProxySecret } from "./grafana-secret.ts";

/** Where the secrets are, by which the runtime knows the requests of Grafana. */
export interface GrafanaSecretFiles {
  /** The common one, for `GAUGELET_GRAFANA_SECRET_FILE` of the runtime. */
  readonly secret: string;
  /** What is made from it, for Grafana. */
  readonly roles: Readonly<Record<GrafanaRole, string>>;
}

/** What the files of a folder are called. */
export function grafanaSecretFiles(folder: string): GrafanaSecretFiles {
  const roles = Object.fromEntries(GRAFANA_ROLES.map((role) => [role, join(folder, role)]));
  return { secret: join(folder, "secret"), roles: roles as Record<GrafanaRole, string> };
}

/**
 * Write the files of a folder. The common secret is made where it is not there, and kept; two processes that do it at
 * once find the same one.
 *
 * @param given a common secret that is kept elsewhere, and is not written.
 * @param roleMode rights of the files that Grafana reads, where it runs as another user.
 */
export async function writeGrafanaSecretFiles(
  folder: string,
  { given, roleMode = 0o600 }: { given?: string | undefined; roleMode?: number } = {},
): Promise<GrafanaSecretFiles> {
  const files = grafanaSecretFiles(folder);
  await mkdir(folder, { recursive: true });
  const secret = given ?? (await keptSecret(files.secret));
  for (const role of GRAFANA_ROLES) {
    const draft = await writeDraft(files.roles[role], grafanaProxySecret(secret, role), roleMode);
    await rename(draft, files.roles[role]);
  }
  return files;
}

/** The secret of a file, which is made where it is not there; read as the runtime reads it. */
async function keptSecret(file: string): Promise<string> {
  const draft = await writeDraft(file, randomBytes(32).toString("hex"), 0o600);
  try {
    // A link appears whole or not at all, so that nobody reads half of it.
    await link(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    await rm(draft);
  }
  return readSecret("GAUGELET_GRAFANA_SECRET", undefined, file) as string;
}

async function writeDraft(file: string, text: string, mode: number): Promise<string> {
  const draft = `${file}.${randomUUID()}`;
  await writeFile(draft, text, { mode });
  return draft;
}
