import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { archiveName } from "../../src/grafana/archive.ts";
import { findGrafana } from "../../src/grafana/find.ts";
import { grafanaInFolder, grafanaOnPath } from "../../src/grafana/installed.ts";
import type { Settings } from "../../src/settings.ts";
import { freshSettings, temporaryFolder } from "../support.ts";
import { makeHome, serveArchive } from "./archive-server.ts";

let folder: string;
let home: string;
beforeEach(async () => {
  folder = await temporaryFolder();
  home = join(folder, "home");
  await makeHome(home);
});
afterEach(() => vi.unstubAllEnvs());

const neverAborted = new AbortController().signal;

async function find(settings: Settings): Promise<unknown> {
  return await findGrafana(
    settings,
    { detail: () => {}, result: () => {} },
    neverAborted,
    join(folder, "cache"),
  );
}

test("GRAFANA_HOME wins over the PATH", async () => {
  const other = join(folder, "other");
  await makeHome(other);
  vi.stubEnv("PATH", join(other, "bin"));
  expect(await find(await freshSettings({ GRAFANA_HOME: home }))).toEqual({
    kind: "installed",
    command: join(home, "bin", "grafana"),
    args: ["server", "--homepath", home],
  });
});

test("a GRAFANA_HOME that is wrong is said to be, and nothing else is tried", async () => {
  vi.stubEnv("PATH", join(home, "bin"));
  await expect(find(await freshSettings({ GRAFANA_HOME: folder }))).rejects.toThrow(
    `GRAFANA_HOME is ${folder}, but ${join(folder, "bin", "grafana")} is no program`,
  );
  await rm(join(home, "conf", "defaults.ini"));
  expect(() => grafanaInFolder(home, "GRAFANA_HOME")).toThrow("holds no defaults.ini");
});

test("Grafana on the PATH is found through links, with its folder", async () => {
  const bin = join(folder, "bin");
  await mkdir(bin);
  await symlink(join(home, "bin", "grafana"), join(bin, "grafana"));
  vi.stubEnv("PATH", bin);
  expect(grafanaOnPath()).toEqual({
    command: join(home, "bin", "grafana"),
    args: ["server", "--homepath", home],
  });
});

test("Homebrew's folder is found", async () => {
  const cellar = join(folder, "Cellar", "grafana", "12.4.0");
  await mkdir(join(cellar, "bin"), { recursive: true });
  await writeFile(join(cellar, "bin", "grafana"), "", { mode: 0o755 });
  await mkdir(join(cellar, "share", "grafana", "conf"), { recursive: true });
  await writeFile(join(cellar, "share", "grafana", "conf", "defaults.ini"), "");
  vi.stubEnv("PATH", join(cellar, "bin"));
  expect(grafanaOnPath()).toEqual({
    command: join(cellar, "bin", "grafana"),
    args: ["server", "--homepath", join(cellar, "share", "grafana")],
  });
});

test("the official archive is fetched where there is nothing else", async () => {
  vi.stubEnv("PATH", "");
  const server = await serveArchive();
  const settings = await freshSettings({ GAUGELET_GRAFANA_DOWNLOAD_URL: server.url });
  const unpacked = join(folder, "cache", archiveName());
  expect(await find(settings)).toEqual({
    kind: "installed",
    command: join(unpacked, "bin", "grafana"),
    args: ["server", "--homepath", unpacked],
  });
});

test("without any Grafana the error says how to get it", async () => {
  vi.stubEnv("PATH", "");
  const settings = await freshSettings({ GAUGELET_GRAFANA_DOWNLOAD_URL: "http://127.0.0.1:1" });
  await expect(find(settings)).rejects.toThrow(
    /^http:\/\/127\.0\.0\.1:1\/grafana-12\.4\.0\..*\.tar\.gz\.sha256 cannot be read: .*\. To get it: .* set GRAFANA_HOME to its folder, or start Docker or Podman$/,
  );
});
