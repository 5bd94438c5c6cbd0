import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ConfigurationError } from "@gaugelet/shared/configuration";
import { FilesRead } from "@gaugelet/shared/file-watch";
import type { CertificateFiles } from "@gaugelet/testing/certificates";
import { beforeAll, describe, expect, test } from "vitest";
import { readWebConfiguration } from "../../src/web/web-configuration.ts";
import { useWebServers } from "./support.ts";

const web = useWebServers();
let pair: CertificateFiles;
beforeAll(async () => {
  pair = await web.authority().issue("server");
});

/** YAML with a certificate and key that fit. */
const tls = (...lines: readonly string[]): string =>
  ["tls_server_config:", `cert_file: ${pair.cert}`, `key_file: ${pair.key}`, ...lines].join("\n  ");

test.each(["", "# nothing\n", "{}", "tls_server_config:\nbasic_auth_users:\nrate_limit:\n"])(
  "%j asks for nothing",
  async (yaml) => {
    const file = await web.write(yaml);
    expect(await readWebConfiguration(file)).toEqual({
      tls: undefined,
      headers: {},
      users: new Map(),
      rateLimit: undefined,
    });
  },
);

test("files are looked for beside the configuration", async () => {
  for (const [name, file] of Object.entries(pair)) {
    await writeFile(join(web.folder(), name), await readFile(file as string));
  }
  const file = await web.write("tls_server_config: { cert_file: cert, key_file: ./key }");
  const read = new FilesRead();
  await readWebConfiguration(file, read);
  expect(read.files).toEqual([file, join(web.folder(), "cert"), join(web.folder(), "key")]);
});

describe("refused with the file, the field and what to do:", () => {
  test.each<[string, () => string, string]>([
    ["an unknown field", () => "tls: {}", 'unknown field "tls"'],
    ["no mapping", () => "- a: hunter2", "expected fields such as tls_server_config"],
    ["an unknown field of TLS", () => tls("cerf: x"), 'tls_server_config: unknown field "cerf"'],
    [
      "no certificate",
      () => "tls_server_config: { min_version: TLS12 }",
      "tls_server_config: cert_file is missing",
    ],
    [
      "no key",
      () => `tls_server_config: { cert_file: ${pair.cert} }`,
      "tls_server_config: key_file is missing",
    ],
    [
      "a certificate that is not there",
      () => `tls_server_config: { cert_file: /nowhere/a.crt, key_file: ${pair.key} }`,
      "tls_server_config.cert_file: cannot be read: ENOENT",
    ],
    [
      "two certificates",
      () => tls("cert: hunter2"),
      "tls_server_config: cert and cert_file are both set; keep one of them",
    ],
    [
      "a key that is no text",
      () => `tls_server_config: { cert_file: ${pair.cert}, key: 12345678 }`,
      "tls_server_config.key: expected text in PEM format",
    ],
    [
      "a key that is none",
      () => `tls_server_config: { cert_file: ${pair.cert}, key: hunter2 }`,
      "tls_server_config: certificate and key cannot be used: ",
    ],
    [
      "TLS 1.0",
      () => tls("min_version: TLS10"),
      'tls_server_config.min_version: TLS 1.0 and 1.1 cannot be had here; use TLS12 or TLS13 (found "TLS10")',
    ],
    [
      "an unknown version",
      () => tls("max_version: SSL3"),
      "tls_server_config.max_version: expected TLS12 or TLS13",
    ],
    [
      "versions the wrong way round",
      () => tls("min_version: TLS13", "max_version: TLS12"),
      "tls_server_config: max_version is below min_version",
    ],
    [
      "an unknown cipher suite",
      () => tls("cipher_suites: [toString]"),
      "tls_server_config.cipher_suites[0]: expected a cipher suite by its name in Go, such as",
    ],
    [
      "an unknown curve",
      () => tls("curve_preferences: [X25519, P1]"),
      "tls_server_config.curve_preferences[1]: expected one of CurveP256, CurveP384, CurveP521, X25519",
    ],
    [
      "an unknown way with clients",
      () => tls("client_auth_type: Always"),
      "tls_server_config.client_auth_type: Invalid option: expected one of",
    ],
    [
      "an authority for clients that are not asked",
      () => tls(`client_ca_file: ${pair.cert}`),
      "tls_server_config: client_ca_file is of no use without client_auth_type",
    ],
    [
      "clients to verify without an authority",
      () => tls("client_auth_type: RequireAndVerifyClientCert"),
      "tls_server_config: client_auth_type RequireAndVerifyClientCert needs client_ca_file",
    ],
    [
      "an authority that is none",
      () => tls("client_auth_type: RequireAndVerifyClientCert", `client_ca_file: ${pair.key}`),
      "tls_server_config.client_ca_file: holds no certificate in PEM format",
    ],
    [
      "names of clients that need show none",
      () => tls("client_auth_type: RequestClientCert", "client_allowed_sans: [a]"),
      "tls_server_config: client_allowed_sans needs client_auth_type RequireAndVerifyClientCert",
    ],
    [
      "HTTP/2",
      () => "http_server_config: { http2: true }",
      "http_server_config.http2: HTTP/2 cannot be had here: leave it out, or set false",
    ],
    [
      "another header",
      () => "http_server_config: { headers: { Server: x } }",
      'http_server_config.headers: unknown field "Server"',
    ],
    [
      "a value that a header cannot have",
      () => "http_server_config: { headers: { X-Frame-Options: allow } }",
      "http_server_config.headers.X-Frame-Options: Invalid option",
    ],
    [
      "a limit that lets nothing through",
      () => "rate_limit: { interval: 1s }",
      "rate_limit.burst: expected at least 1, or no request is answered",
    ],
    ["an interval without a unit", () => "rate_limit: { interval: 5, burst: 1 }", "rate_limit.interval: "],
    [
      "a password that is not hashed",
      () => "basic_auth_users: { alice: hunter2 }",
      "basic_auth_users.alice: expected a bcrypt hash of the password, such as htpasswd -nBC 10 prints",
    ],
    [
      "a password of digits",
      () => "basic_auth_users: { alice: 12345678 }",
      "basic_auth_users.alice: expected a bcrypt",
    ],
    [
      "a password in place of users",
      () => "basic_auth_users: hunter2",
      "basic_auth_users: expected names of users",
    ],
    [
      "users in a list",
      () => "basic_auth_users: [alice, hunter2]",
      "basic_auth_users: expected names of users",
    ],
    [
      "a name with a colon",
      () => `basic_auth_users: { "a:b": "$2b$04$${"a".repeat(53)}" }`,
      "basic_auth_users.a:b: a user's name cannot contain a colon",
    ],
  ])("%s", async (_, yaml, message) => {
    const file = await web.write(yaml());
    const reading = readWebConfiguration(file);
    await expect(reading).rejects.toThrow(ConfigurationError);
    await expect(reading).rejects.toThrow(`${file}: ${message}`);
    // Neither passwords nor keys are shown.
    await expect(reading).rejects.not.toThrow(/hunter2|12345678/);
  });
});
