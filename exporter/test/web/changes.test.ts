import { copyFile, readFile, writeFile } from "node:fs/promises";
import { Agent, type RequestOptions } from "node:https";
import { type CertificateFiles, createAuthority } from "@gaugelet/testing/certificates";
import { waitFor } from "@gaugelet/testing/wait";
import { beforeAll, expect, test } from "vitest";
import { askTls, clientOptions, handshake, useWebServers } from "./support.ts";

const web = useWebServers();
let server: CertificateFiles;
let ca: Buffer;
beforeAll(async () => {
  server = await web.authority().issue("server");
  ca = await readFile(web.authority().ca);
});

const tlsYaml = (...lines: readonly string[]): string =>
  ["tls_server_config:", `cert_file: ${server.cert}`, `key_file: ${server.key}`, ...lines].join("\n  ");

test("a changed certificate is taken, and no connection is lost", async () => {
  const pair = await web.authority().issue("changing", "DNS:first.example,IP:127.0.0.1");
  const { port, log } = await web.serve(
    `tls_server_config: { cert_file: ${pair.cert}, key_file: ${pair.key} }`,
  );
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  expect(await askTls(port, { ca, agent })).toMatchObject({ status: 200 });
  await web.authority().issue("changing", "DNS:second.example,IP:127.0.0.1");
  await waitFor("the new certificate is shown", async () => {
    const socket = await handshake(port, { ca });
    const names = socket.getPeerCertificate().subjectaltname;
    socket.destroy();
    return names?.includes("second.example");
  });
  expect(log.join()).toContain("web configuration read anew");
  const before = Object.values(agent.freeSockets)[0]?.[0];
  expect(before).toBeDefined();
  expect(await askTls(port, { ca, agent })).toMatchObject({ status: 200 });
  expect(Object.values(agent.freeSockets)[0]?.[0]).toBe(before);
  agent.destroy();
});

test("what cannot be used is told, once, and the certificate before stays", async () => {
  const pair = await web.authority().issue("broken");
  const { port, log, reload } = await web.serve(
    `tls_server_config: { cert_file: ${pair.cert}, key_file: ${pair.key} }`,
  );
  await copyFile(server.key, pair.key);
  const wrong = (): string[] => log.filter((line) => line.includes("the one before goes on"));
  await waitFor("it is told", () => wrong().length > 0);
  expect(wrong()).toEqual([expect.stringContaining("certificate and key cannot be used")]);
  await expect(reload()).rejects.toThrow(/tls_server_config: certificate and key cannot be used: .*mismatch/);
  expect(await askTls(port, { ca })).toMatchObject({ status: 200 });
  await writeFile(pair.cert, "");
  await expect(reload()).rejects.toThrow("tls_server_config.cert_file: holds no certificate in PEM format");
  expect(await askTls(port, { ca })).toMatchObject({ status: 200 });
});

test("a certificate of clients can come to be required, of others, and of nobody", async () => {
  const others = await createAuthority();
  try {
    const { port, file, reload } = await web.serve(tlsYaml());
    const change = async (...lines: string[]): Promise<void> => {
      await web.write(tlsYaml(...lines), file);
      await reload();
    };
    const ours = await clientOptions(ca, await web.authority().issue("client"));
    const theirs = await clientOptions(ca, await others.issue("client"));
    const required = "client_auth_type: RequireAndVerifyClientCert";
    expect(await askTls(port, { ca })).toMatchObject({ status: 200 });
    await change(required, `client_ca_file: ${web.authority().ca}`);
    await expect(askTls(port, { ca })).rejects.toThrow();
    await expect(askTls(port, theirs)).rejects.toThrow();
    expect(await askTls(port, ours)).toMatchObject({ status: 200 });
    await change(required, `client_ca_file: ${others.ca}`);
    await expect(askTls(port, ours)).rejects.toThrow();
    expect(await askTls(port, theirs)).toMatchObject({ status: 200 });
    await change();
    expect(await askTls(port, { ca })).toMatchObject({ status: 200 });
  } finally {
    await others.remove();
  }
});

test("a session from before does not let in a client that is not accepted any more", async () => {
  const others = await createAuthority();
  try {
    const required = "client_auth_type: RequireAndVerifyClientCert";
    const { port, file, reload } = await web.serve(
      tlsYaml(required, `client_ca_file: ${web.authority().ca}`),
    );
    const client = {
      ...(await clientOptions(ca, await web.authority().issue("client"))),
      maxVersion: "TLSv1.2",
    };
    const first = await handshake(port, client);
    const session = first.getSession();
    first.destroy();
    const second = await handshake(port, { ...client, session });
    expect(second.isSessionReused()).toBe(true);
    second.destroy();
    await web.write(tlsYaml(required, `client_ca_file: ${others.ca}`), file);
    await reload();
    await expect(
      askTls(port, { ...client, maxVersion: "TLSv1.2", session } as RequestOptions),
    ).rejects.toThrow();
  } finally {
    await others.remove();
  }
});

test.each<[string, string | undefined, () => string]>([
  ["on", "", () => tlsYaml()],
  ["off", undefined, () => ""],
])("TLS is not turned %s, and that is told", async (what, before, after) => {
  const { file, reload } = await web.serve(before ?? tlsYaml());
  await web.write(after(), file);
  await expect(reload()).rejects.toThrow(
    `${file}: tls_server_config: turning TLS ${what} needs a new start of the exporter`,
  );
});
