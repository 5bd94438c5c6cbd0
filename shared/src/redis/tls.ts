import { X509Certificate } from "node:crypto";
import { type ConnectionOptions, createSecureContext } from "node:tls";
import { ConfigurationError } from "../configuration.ts";
import { readEnvironmentFile } from "../environment-files.ts";
import type { RedisTls } from "./address.ts";

/** The variables about TLS. */
interface TlsVariables {
  readonly REDIS_TLS_CA_FILE?: string | undefined;
  readonly REDIS_TLS_CERT_FILE?: string | undefined;
  readonly REDIS_TLS_KEY_FILE?: string | undefined;
  readonly REDIS_TLS_SERVER_NAME?: string | undefined;
}

/**
 * Read the files that TLS is spoken with.
 *
 * @throws ConfigurationError where one cannot be used, or where nothing is spoken over TLS.
 */
export function readTls(variables: TlsVariables, wanted: boolean): RedisTls | undefined {
  const {
    REDIS_TLS_CA_FILE: caFile,
    REDIS_TLS_CERT_FILE: certFile,
    REDIS_TLS_KEY_FILE: keyFile,
    REDIS_TLS_SERVER_NAME: serverName,
  } = variables;
  if (!wanted) {
    const given = Object.entries({ caFile, certFile, keyFile, serverName }).find(
      ([, value]) => value !== undefined,
    );
    if (given === undefined) return undefined;
    // Rather than a connection that is plain although somebody meant it not to be.
    throw new ConfigurationError("environment: REDIS_TLS_… are of no use without REDIS_TLS=true");
  }
  if ((certFile === undefined) !== (keyFile === undefined)) {
    throw new ConfigurationError(
      "environment: REDIS_TLS_CERT_FILE and REDIS_TLS_KEY_FILE go together; set both",
    );
  }
  return new FilesOfTls({ caFile, certFile, keyFile }, serverName);
}

interface TlsFiles {
  readonly caFile: string | undefined;
  readonly certFile: string | undefined;
  readonly keyFile: string | undefined;
}

/** What TLS is spoken with, from files: certificates are replaced long before they expire. */
class FilesOfTls implements RedisTls {
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
  readonly serverName: string | undefined;
  readonly #files: TlsFiles;
  #latest: RedisTls = this;

  /** @throws ConfigurationError where one of the files cannot be used. */
  constructor(files: TlsFiles, serverName: string | undefined) {
    const { caFile, certFile, keyFile } = files;
    this.ca = readEnvironmentFile("REDIS_TLS_CA_FILE", caFile);
    this.cert = readEnvironmentFile("REDIS_TLS_CERT_FILE", certFile);
    this.key = readEnvironmentFile("REDIS_TLS_KEY_FILE", keyFile);
    this.serverName = serverName;
    this.#files = files;
    const { ca, cert, key } = this;
    for (const [name, pem] of Object.entries({ REDIS_TLS_CA_FILE: ca, REDIS_TLS_CERT_FILE: cert })) {
      if (pem !== undefined) check(`environment: ${name}`, () => new X509Certificate(pem));
    }
    if (cert !== undefined && key !== undefined) {
      check("environment: REDIS_TLS_CERT_FILE and REDIS_TLS_KEY_FILE", () =>
        createSecureContext({ cert, key }),
      );
    }
  }

  renewed(): RedisTls {
    try {
      this.#latest = new FilesOfTls(this.#files, this.serverName);
    } catch (error) {
      // A certificate without its key yet, for instance: they are written one after the other.
      if (!(error instanceof ConfigurationError)) throw error;
    }
    return this.#latest;
  }
}

/** What Node connects with. It asks for the context at each connection, which so has the newest certificates. */
export function tlsOptions(tls: RedisTls): ConnectionOptions {
  return {
    get secureContext() {
      const { ca, cert, key } = tls.renewed?.() ?? tls;
      return createSecureContext({
        ...(ca === undefined ? {} : { ca }),
        ...(cert === undefined || key === undefined ? {} : { cert, key }),
      });
    },
    ...(tls.serverName === undefined ? {} : { servername: tls.serverName }),
  };
}

function check(where: string, use: () => unknown): void {
  try {
    use();
  } catch (error) {
    throw new ConfigurationError(`${where}: cannot be used: ${(error as Error).message}`, { cause: error });
  }
}
