import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Files of a certificate and its key, in PEM format. */
export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

/** A certificate authority of a test's own, made by openssl in a temporary folder. */
export interface TestAuthority {
  /** Certificate of the authority. */
  readonly ca: string;
  /**
   * Issue a certificate, for servers and clients alike.
   *
   * @param name of its files and its subject; a later one of the same name takes the files' place.
   * @param sans as openssl writes them, such as `DNS:localhost,IP:127.0.0.1`.
   */
  issue(name: string, sans?: string): Promise<CertificateFiles>;
  remove(): Promise<void>;
}

/** Make a new authority. */
export async function createAuthority(): Promise<TestAuthority> {
  const folder = await mkdtemp(join(tmpdir(), "gaugelet-certificates-"));
  const make = async (name: string, ...options: readonly string[]): Promise<CertificateFiles> => {
    const files = { cert: join(folder, `${name}.crt`), key: join(folder, `${name}.key`) };
    const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", files.key];
    const certificate = ["-x509", "-days", "2", "-subj", `/CN=${name}`, "-out", files.cert];
    await run("openssl", ["req", ...key, ...certificate, ...options]);
    return files;
  };
  const authority = await make("authority");
  return {
    ca: authority.cert,
    issue: (name, sans = "DNS:localhost,IP:127.0.0.1") =>
      make(
        name,
        "-CA",
        authority.cert,
        "-CAkey",
        authority.key,
        "-addext",
        `subjectAltName=${sans}`,
        "-addext",
        "basicConstraints=critical,CA:FALSE",
        "-addext",
        "extendedKeyUsage=serverAuth,clientAuth",
      ),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
