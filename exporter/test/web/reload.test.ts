import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "@gaugelet/testing/ports";
import { waitFor } from "@gaugelet/testing/wait";
import { hashSync } from "bcryptjs";
import { pino } from "pino";
import { expect, test } from "vitest";
import { startExporter } from "../../src/app.ts";
import { basic, useWebServers } from "./support.ts";

const web = useWebServers();

test("the exporter reads its web configuration anew when it is asked to, and says where it is wrong", async () => {
  const user = (password: string): string => `basic_auth_users: { alice: ${hashSync(password, 4)} }`;
  const webConfigurationFile = await web.write(user("first"));
  const folder = await mkdtemp(join(tmpdir(), "gaugelet-reload-"));
  const configurationFile = join(folder, "exporter.yaml");
  await writeFile(configurationFile, "targets: [redis://127.0.0.1:1]");
  const exporter = await startExporter({
    redis: { host: "127.0.0.1", port: await freePort(), username: undefined, password: undefined, db: 0 },
    address: "127.0.0.1",
    port: 0,
    configurationFile,
    webConfigurationFile,
    outputs: [],
    logger: pino({ level: "silent" }),
  });
  const ask = async (method: string, path: string, password: string): Promise<[number, string]> => {
    const url = `http://127.0.0.1:${exporter.port}${path}`;
    const answer = await fetch(url, { method, headers: { authorization: basic("alice", password) } });
    return [answer.status, await answer.text()];
  };
  try {
    await writeFile(webConfigurationFile, user("second"));
    expect(await ask("POST", "/-/reload", "first")).toEqual([200, "ok\n"]);
    expect((await ask("GET", "/-/healthy", "first"))[0]).toBe(401);
    expect((await ask("GET", "/-/healthy", "second"))[0]).toBe(200);
    await rm(webConfigurationFile);
    await writeFile(configurationFile, "{}");
    const [status, text] = await ask("POST", "/-/reload", "second");
    expect(status).toBe(500);
    expect(text).toContain(`${webConfigurationFile}: cannot be read`);
    expect((await ask("GET", "/metrics", "second"))[1]).toContain(
      "\ngaugelet_exporter_config_last_reload_successful 0\n",
    );
    // One file that is wrong keeps the other from being taken, too.
    expect((await ask("GET", "/probe?target=redis://127.0.0.1:1", "second"))[0]).toBe(200);
  } finally {
    await exporter.stop();
    await rm(folder, { recursive: true });
  }
});

test("a web configuration that changes by itself is counted as any reload", async () => {
  const user = (password: string): string => `basic_auth_users: { alice: ${hashSync(password, 4)} }`;
  const webConfigurationFile = await web.write(user("first"));
  const exporter = await startExporter({
    redis: { host: "127.0.0.1", port: await freePort(), username: undefined, password: undefined, db: 0 },
    address: "127.0.0.1",
    port: 0,
    configurationFile: undefined,
    webConfigurationFile,
    outputs: [],
    logger: pino({ level: "silent" }),
  });
  const metric = async (name: string, password = "first"): Promise<number> => {
    const url = `http://127.0.0.1:${exporter.port}/metrics`;
    const text = await (await fetch(url, { headers: { authorization: basic("alice", password) } })).text();
    return Number(new RegExp(`^gaugelet_exporter_config_last_reload_${name} (.*)$`, "m").exec(text)?.[1]);
  };
  try {
    const start = await metric("success_timestamp_seconds");
    await writeFile(webConfigurationFile, "basic_auth_users: { alice: hunter2 }");
    await waitFor("the metric says that it is wrong", async () => (await metric("successful")) === 0);
    expect(await metric("success_timestamp_seconds")).toBe(start);
    await writeFile(webConfigurationFile, user("second"));
    await waitFor("it is taken", async () => (await metric("successful", "second")) === 1);
    expect(await metric("success_timestamp_seconds", "second")).toBeGreaterThan(start);
  } finally {
    await exporter.stop();
  }
});
