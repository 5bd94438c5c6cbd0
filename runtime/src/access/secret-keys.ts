import { randomBytes } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { ConfigurationError } from "@gaugelet/shared/configuration";
import { keyFrom } from "../configuration/access.ts";

const KEY_BYTES = 32;
/** What to do where no key opens the secrets that there are. */
export const WITHOUT_KEY = "Where that is lost, empty the table secrets, and set them again";

/** Keys that secrets are sealed with. */
export interface SecretKeys {
  /** Of what is sealed from now on. */
  readonly current: Buffer;
  /** Of what was sealed before. */
  readonly old: readonly Buffer[];
}

/** What the operator said of keys. */
export interface GivenKeys {
  /** `GAUGELET_SECRET_KEY` */
  readonly secretKey: Buffer | undefined;
  /** `GAUGELET_SECRET_KEY_OLD` */
  readonly oldSecretKeys: readonly Buffer[];
}

/**
 * The keys: the given ones, else that of a file, which is made where it is not there.
 *
 * @param hasSecrets whether some are sealed already: then no key is made, which could not open them.
 * @throws ConfigurationError where the file holds no key, or is gone.
 */
export async function secretKeys(
  { secretKey, oldSecretKeys }: GivenKeys,
  file: string,
  hasSecrets: boolean,
): Promise<SecretKeys> {
  return {
    current: secretKey ?? (await readKey(file)) ?? (await makeKey(file, hasSecrets)),
    old: oldSecretKeys,
  };
}

async function readKey(file: string): Promise<Buffer | undefined> {
  try {
    const text = (await readFile(file, "utf8")).trim();
    // Where the disk was full when it was made, say.
    return text === "" ? undefined : keyFrom(file, text);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    if (error instanceof ConfigurationError) throw error;
    throw new ConfigurationError(`${file}: cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

async function makeKey(file: string, hasSecrets: boolean): Promise<Buffer> {
  if (hasSecrets) {
    throw new ConfigurationError(
      `the database has secrets, but the key that they are sealed with is not here: set GAUGELET_SECRET_KEY to it, or bring ${file} back. ${WITHOUT_KEY}`,
    );
  }
  const key = randomBytes(KEY_BYTES);
  await mkdir(dirname(file), { recursive: true, mode: 0o711 });
  if ((await readFile(file, "utf8").catch(() => undefined))?.trim() === "") await rm(file);
  // Never over one that came to be meanwhile.
  await writeFile(file, `${key.toString("base64")}\n`, { mode: 0o600, flag: "wx", flush: true });
  return key;
}
