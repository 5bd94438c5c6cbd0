import { readFile } from "node:fs/promises";
import type { RequestOptions } from "node:https";
import { connect as connectTcp } from "node:net";
import { getCiphers } from "node:tls";
import type { CertificateFiles } from "@gaugelet/testing/certificates";
import { createAuthority } from "@gaugelet/testing/certificates";
import { beforeAll, describe, expect, test } from "vitest";
import { alternativeNames } from "../../src/web/client-certificate.ts";
import { CIPHER_SUITES } from "../../src/web/tls-names.ts";
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

describe("a server with a certificate", () => {
  test("answers those who know its authority, and nobody without TLS", async () => {
    const { port } = await web.serve(tlsYaml());
    expect(await askTls(port, { ca })).toMatchObject({ status: 200, text: "served" });
    await expect(askTls(port)).rejects.toThrow(/unable to (get local issuer|verify the first) certificate/);
    const plain = connectTcp(port, "127.0.0.1").on("error", () => {});
    plain.end("GET / HTTP/1.0\r\n\r\n");
    let received = "";
    plain.on("data", (chunk) => (received += chunk.toString("latin1")));
    await new Promise((resolve) => plain.once("close", resolve));
    expect(received).not.toContain("served");
  });

  test("takes certificate and key from the file itself too", async () => {
    const indented = async (file: string): Promise<string> =>
      (await readFile(file, "utf8")).trim().replaceAll("\n", "\n    ");
    const { port } = await web.serve(
      `tls_server_config:\n  cert: |\n    ${await indented(server.cert)}\n  key: |\n    ${await indented(server.key)}\n`,
    );
    expect(await askTls(port, { ca })).toMatchObject({ status: 200 });
  });

  test("speaks the versions that it is told to", async () => {
    const { port: newest } = await web.serve(tlsYaml("min_version: TLS13"));
    await expect(askTls(newest, { ca, maxVersion: "TLSv1.2" })).rejects.toThrow(/version/);
    expect(await askTls(newest, { ca })).toMatchObject({ status: 200 });
    const { port: older } = await web.serve(tlsYaml("max_version: TLS12"));
    await expect(askTls(older, { ca, minVersion: "TLSv1.3" })).rejects.toThrow(/version/);
    expect(await askTls(older, { ca })).toMatchObject({ status: 200 });
  });

  test("takes the cipher suites and curves that it is told, and TLS 1.3 beside them", async () => {
    const { port } = await web.serve(
      tlsYaml(
        "cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256]",
        "curve_preferences: [CurveP384]",
      ),
    );
    const both = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384";
    const old = { ca, maxVersion: "TLSv1.2" } as const;
    expect(await cipherOf(port, { ...old, ciphers: both })).toBe("ECDHE-ECDSA-AES256-GCM-SHA384");
    await expect(cipherOf(port, { ...old, ciphers: "ECDHE-ECDSA-CHACHA20-POLY1305" })).rejects.toThrow();
    expect(await cipherOf(port, { ca })).toMatch(/^TLS_/);
    await expect(cipherOf(port, { ca, ecdhCurve: "P-256" })).rejects.toThrow();
    expect(await cipherOf(port, { ca, ecdhCurve: "P-384" })).toMatch(/^TLS_/);
    const { port: clientsChoice } = await web.serve(
      tlsYaml(
        "cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256]",
        "prefer_server_cipher_suites: false",
      ),
    );
    expect(await cipherOf(clientsChoice, { ...old, ciphers: both })).toBe("ECDHE-ECDSA-AES128-GCM-SHA256");
  });

  test("knows each cipher suite by a name that OpenSSL has", () => {
    const known = getCiphers();
    for (const name of Object.values(CIPHER_SUITES)) expect(known).toContain(name.toLowerCase());
  });
});

async function cipherOf(port: number, options: object): Promise<string> {
  const socket = await handshake(port, options);
  const { name } = socket.getCipher();
  socket.destroy();
  return name;
}

describe("of clients without a certificate, with one of a stranger's, and with one of ours,", () => {
  test.each([
    ["NoClientCert", [true, true, true], false],
    ["RequestClientCert", [true, true, true], true],
    ["RequireAnyClientCert", [false, true, true], true],
    ["RequireClientCert", [false, true, true], true],
    ["VerifyClientCertIfGiven", [true, false, true], true],
    ["RequireAndVerifyClientCert", [false, false, true], true],
  ])("%s lets in: %j", async (type, expected, withCa) => {
    const strangers = await createAuthority();
    try {
      const ours = await clientOptions(ca, await web.authority().issue("client"));
      const stranger = await clientOptions(ca, await strangers.issue("client"));
      const { port } = await web.serve(
        tlsYaml(`client_auth_type: ${type}`, withCa ? `client_ca_file: ${web.authority().ca}` : ""),
      );
      const letIn = async (options: RequestOptions): Promise<boolean> =>
        askTls(port, options).then(
          ({ text }) => text === "served",
          () => false,
        );
      expect([await letIn({ ca }), await letIn(stranger), await letIn(ours)]).toEqual(expected);
    } finally {
      await strangers.remove();
    }
  });
});

describe("of clients whose certificates name them", () => {
  test.each([
    ["DNS:scraper.example", true],
    ["DNS:other.example,email:scraper@example.org", true],
    ["IP:10.1.2.3", true],
    ["IP:2001:db8::1", true],
    ["URI:spiffe://example.org/scraper", true],
    ["DNS:scraper.example.evil", false],
    ["DNS:*.example", false],
    ["URI:https://x/?DNS:scraper.example", false],
    ["IP:10.1.2.4", false],
  ])("%s: may connect: %j", async (sans, mayConnect) => {
    const { port, log } = await web.serve(
      tlsYaml(
        "client_auth_type: RequireAndVerifyClientCert",
        `client_ca_file: ${web.authority().ca}`,
        'client_allowed_sans: [scraper.example, scraper@example.org, "2001:DB8:0::1", 10.1.2.3, "spiffe://example.org/scraper"]',
      ),
    );
    const answer = askTls(port, await clientOptions(ca, await web.authority().issue("named", sans)));
    if (mayConnect) {
      expect(await answer).toMatchObject({ status: 200 });
    } else {
      await expect(answer).rejects.toThrow();
      expect(log.join()).toContain("none of client_allowed_sans");
    }
  });

  test.each([
    ["DNS:a, email:b@c, URI:d", ["a", "b@c", "d"]],
    ['URI:"https://x/, DNS:a", DNS:b', ["https://x/, DNS:a", "b"]],
    ["IP Address:10.0.0.1, othername:<unsupported>, DNS:b", ["b"]],
    ['DNS:a, DNS:"b', []],
    ["", []],
  ])("%j has the names %j", (text, names) => {
    expect(alternativeNames(text)).toEqual(names);
  });
});
