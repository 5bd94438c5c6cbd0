import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { GRAFANA_ROLES, grafanaProxySecret } from "../src/grafana-secret.ts";
import { grafanaSecretFiles, writeGrafanaSecretFiles } from "../src/grafana-secret-files.ts";

const PROGRAM = fileURLToPath(new URL("../../runtime/src/grafana-secrets/main.ts", import.meta.url));

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "gaugelet-secrets-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  return join(folder, "secrets");
}

const read = (file: string): Promise<string> => readFile(file, "utf8");
const modeOf = async (file: string): Promise<number> => (await stat(file)).mode & 0o777;

test("the secret is made once, for its user alone, and the roles' are made from it", async () => {
  const folder = await temporaryFolder();
  // At once, as the parts of a stack start.
  await Promise.all(Array.from({ length: 8 }, () => writeGrafanaSecretFiles(folder)));
  const files = grafanaSecretFiles(folder);
  const secret = await read(files.secret);
  expect(secret).toMatch(/^[0-9a-f]{64}$/);
  expect(await modeOf(files.secret)).toBe(0o600);
  for (const role of GRAFANA_ROLES) {
    expect(await read(files.roles[role])).toBe(grafanaProxySecret(secret, role));
    expect(await modeOf(files.roles[role])).toBe(0o600);
  }
  expect((await readdir(folder)).toSorted()).toEqual(["admin", "editor", "secret", "viewer"]);
});

test("a secret of one's own is taken, from the file or from elsewhere", async () => {
  const files = await writeGrafanaSecretFiles(await temporaryFolder());
  await writeFile(files.secret, "my own secret of old\n");
  await writeGrafanaSecretFiles(join(files.secret, ".."));
  expect(await read(files.roles.admin)).toBe(grafanaProxySecret("my own secret of old", "admin"));
  await writeGrafanaSecretFiles(join(files.secret, ".."), { given: "another secret" });
  expect(await read(files.roles.editor)).toBe(grafanaProxySecret("another secret", "editor"));
  expect(await read(files.secret)).toBe("my own secret of old\n");
});

test("the image's program writes what Grafana, another user, can read, and nothing more", async () => {
  const folder = await temporaryFolder();
  await promisify(execFile)(process.execPath, [PROGRAM, folder]);
  expect(await modeOf(join(folder, "viewer"))).toBe(0o644);
  expect(await modeOf(join(folder, "secret"))).toBe(0o600);
  await expect(promisify(execFile)(process.execPath, [PROGRAM])).rejects.toThrow("expected a folder");
});
