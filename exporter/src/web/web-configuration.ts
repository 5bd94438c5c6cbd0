import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { createSecureContext, type SecureContextOptions } from "node:tls";
import { ConfigurationError, readYaml, validate } from "@gaugelet/shared/configuration";
import { FilesRead } from "@gaugelet/shared/file-watch";
import type { ClientPolicy } from "./client-certificate.ts";
import { cipherList } from "./tls-names.ts";
import { type TlsServerConfig, type WebFile, webSchema } from "./web-schema.ts";

/** What TLS is served with. */
export interface TlsConfiguration {
  readonly context: SecureContextOptions & { readonly honorCipherOrder: boolean };
  readonly clients: ClientPolicy;
}

/** How the exporter is reached over HTTP. */
export interface WebConfiguration {
  /** Undefined: plain HTTP. */
  readonly tls: TlsConfiguration | undefined;
  /** Headers of every response. */
  readonly headers: Readonly<Record<string, string>>;
  /** Hashes of passwords by the names of users; none: everybody may ask. */
  readonly users: ReadonlyMap<string, string>;
  /** A request each so many seconds, and how many may come at once; undefined: any number. */
  readonly rateLimit: { readonly interval: number; readonly burst: number } | undefined;
}

/** `$2a$`, `$2b$` or `$2y$`, a cost from 4 to 31, 22 characters of salt, 31 of hash. */
const BCRYPT_HASH = /^\$2[aby]\$(0[4-9]|[12]\d|3[01])\$[./A-Za-z0-9]{53}$/;

/**
 * Read a web configuration file, and the certificates that it names relative to its own folder.
 *
 * @param read gets all of these files, as far as it comes.
 * @throws ConfigurationError that names the file and the field, and never shows a password, hash or key.
 */
export async function readWebConfiguration(
  file: string,
  read: FilesRead = new FilesRead(),
): Promise<WebConfiguration> {
  await read.add(file);
  const written = withoutNulls((await readYaml(file)) ?? {});
  // Here, as the schema's message would show what was found.
  if (!isMapping(written)) throw new ConfigurationError(`${file}: expected fields such as tls_server_config`);
  const web = validate(webSchema, written, file);
  const headers = Object.entries(web.http_server_config.headers);
  return {
    tls: await readTls(web.tls_server_config, file, read),
    headers: Object.fromEntries(headers.filter((header): header is [string, string] => Boolean(header[1]))),
    users: usersOf(web.basic_auth_users, file),
    rateLimit: rateLimitOf(web.rate_limit, file),
  };
}

function rateLimitOf(limit: WebFile["rate_limit"], file: string): WebConfiguration["rateLimit"] {
  if (limit?.interval === undefined) return undefined;
  const { interval, burst } = limit;
  if (burst > 0) return { interval, burst };
  throw new ConfigurationError(`${file}: rate_limit.burst: expected at least 1, or no request is answered`);
}

function usersOf(users: unknown, file: string): ReadonlyMap<string, string> {
  if (users === undefined) return new Map();
  if (!isMapping(users)) {
    throw new ConfigurationError(
      `${file}: basic_auth_users: expected names of users with hashes of passwords`,
    );
  }
  for (const [name, hash] of Object.entries(users)) {
    const where = `${file}: basic_auth_users.${name}`;
    if (name.includes(":")) throw new ConfigurationError(`${where}: a user's name cannot contain a colon`);
    if (typeof hash !== "string" || !BCRYPT_HASH.test(hash)) {
      throw new ConfigurationError(
        `${where}: expected a bcrypt hash of the password, such as htpasswd -nBC 10 prints`,
      );
    }
  }
  return new Map(Object.entries(users as Record<string, string>));
}

async function readTls(
  config: TlsServerConfig | undefined,
  file: string,
  files: FilesRead,
): Promise<TlsConfiguration | undefined> {
  if (config === undefined) return undefined;
  const where = `${file}: tls_server_config`;
  const read = async (
    name: "cert" | "key" | "client_ca",
    inline: unknown,
    named: string | undefined,
  ): Promise<string | undefined> => {
    if (inline !== undefined && typeof inline !== "string") {
      throw new ConfigurationError(`${where}.${name}: expected text in PEM format`);
    }
    if (!inline) {
      if (named === undefined) return undefined;
      const path = resolve(dirname(file), named);
      await files.add(path);
      return readNamed(path, `${where}.${name}_file`);
    }
    if (named === undefined) return inline;
    throw new ConfigurationError(`${where}: ${name} and ${name}_file are both set; keep one of them`);
  };
  const cert = await read("cert", config.cert, config.cert_file);
  const key = await read("key", config.key, config.key_file);
  const ca = await read("client_ca", config.client_ca, config.client_ca_file);
  if (cert === undefined) throw new ConfigurationError(`${where}: cert_file is missing`);
  if (key === undefined) throw new ConfigurationError(`${where}: key_file is missing`);
  checkCertificate(cert, `${where}.cert_file`);
  checkClients(config, ca, where);
  const { min_version: minVersion = "TLSv1.2", max_version: maxVersion = "TLSv1.3" } = config;
  if (minVersion > maxVersion) {
    throw new ConfigurationError(`${where}: max_version is below min_version`);
  }
  const context = {
    cert,
    key,
    minVersion,
    maxVersion,
    honorCipherOrder: config.prefer_server_cipher_suites,
    ...(ca === undefined ? {} : { ca }),
    ...(config.cipher_suites.length === 0 ? {} : { ciphers: cipherList(config.cipher_suites) }),
    ...(config.curve_preferences.length === 0 ? {} : { ecdhCurve: config.curve_preferences.join(":") }),
  };
  try {
    createSecureContext(context);
  } catch (error) {
    // OpenSSL's message names what it stumbled on, never what the key is.
    const reason = (error as Error).message;
    throw new ConfigurationError(`${where}: certificate and key cannot be used: ${reason}`, { cause: error });
  }
  return { context, clients: { type: config.client_auth_type, allowedSans: config.client_allowed_sans } };
}

async function readNamed(path: string, where: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new ConfigurationError(`${where}: cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

/** OpenSSL takes a text without any certificate for none, and says nothing. */
function checkCertificate(pem: string, where: string): void {
  try {
    new X509Certificate(pem);
  } catch (error) {
    throw new ConfigurationError(`${where}: holds no certificate in PEM format`, { cause: error });
  }
}

/** What is asked of clients must be something that can be kept. */
function checkClients(config: TlsServerConfig, ca: string | undefined, where: string): void {
  const { client_auth_type: type, client_allowed_sans: sans } = config;
  const verifies = type === "VerifyClientCertIfGiven" || type === "RequireAndVerifyClientCert";
  const requires = type === "RequireAnyClientCert" || type === "RequireAndVerifyClientCert";
  if (ca !== undefined) {
    if (type === "NoClientCert") {
      throw new ConfigurationError(`${where}: client_ca_file is of no use without client_auth_type`);
    }
    checkCertificate(ca, `${where}.client_ca_file`);
  } else if (verifies) {
    throw new ConfigurationError(
      `${where}: client_auth_type ${type} needs client_ca_file: without it every public authority could let clients in`,
    );
  }
  if (sans !== undefined && !requires) {
    throw new ConfigurationError(
      `${where}: client_allowed_sans needs client_auth_type RequireAndVerifyClientCert (or RequireAnyClientCert)`,
    );
  }
}

/** A field that is written without a value counts as not written. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isMapping(value)) return value;
  const entries = Object.entries(value).filter(([, inner]) => inner !== null);
  return Object.fromEntries(entries.map(([name, inner]) => [name, withoutNulls(inner)]));
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
