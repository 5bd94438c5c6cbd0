import { createHash } from "node:crypto";
import { once } from "node:events";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { create } from "tar";
import { onTestFinished } from "vitest";
import { archiveName } from "../../src/grafana/archive.ts";
import { temporaryFolder } from "../support.ts";

/** A server that offers an archive with the shape of Grafana's own. */
export interface ArchiveServer {
  readonly url: string;
  /** The paths that were asked for, without their folder. */
  readonly requests: string[];
}

/** Another answer than the right one, for a path's ending `.tar.gz` or `.sha256`. */
export type Misbehaviour = Partial<
  Record<".tar.gz" | ".sha256", (response: ServerResponse, right: Buffer) => void>
>;

export async function serveArchive(misbehaviour: Misbehaviour = {}): Promise<ArchiveServer> {
  const archive = await makeArchive();
  const digest = Buffer.from(`${createHash("sha256").update(archive).digest("hex")}\n`);
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const name = (request.url ?? "").replace("/oss/release/", "");
    requests.push(name.replace(archiveName(), "NAME"));
    const ending = name.endsWith(".sha256") ? ".sha256" : ".tar.gz";
    const right = ending === ".sha256" ? digest : archive;
    const misbehave = misbehaviour[ending];
    if (misbehave === undefined) response.end(right);
    else misbehave(response, right);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/oss/release`, requests };
}

async function makeArchive(): Promise<Buffer> {
  const folder = await temporaryFolder();
  const home = join(folder, "grafana-12.4.0");
  await makeHome(home);
  const file = join(folder, "archive.tar.gz");
  await create({ file, cwd: folder, gzip: true }, ["grafana-12.4.0"]);
  return await readFile(file);
}

/** A folder with the shape of an unpacked Grafana. */
export async function makeHome(home: string): Promise<void> {
  await mkdir(join(home, "bin"), { recursive: true });
  await mkdir(join(home, "conf"));
  await writeFile(join(home, "conf", "defaults.ini"), "");
  await writeFile(join(home, "bin", "grafana"), "#!/bin/sh\n");
  await chmod(join(home, "bin", "grafana"), 0o755);
}
