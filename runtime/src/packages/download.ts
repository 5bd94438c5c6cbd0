import { describeSource, PackageError } from "./package.ts";
import { readAtMost, splitCredentials } from "./reading.ts";
import { MAX_ZIP_BYTES } from "./zip-entries.ts";

const TIMEOUT_MILLISECONDS = 30_000;

/**
 * Fetch a zip over HTTP(S), from wherever the operator says.
 *
 * @param signal ends it early.
 *
 * @throws PackageError where it cannot be had within 30 s or is larger than 64 MiB.
 */
export async function download(url: string, signal: AbortSignal = AbortSignal.any([])): Promise<Buffer> {
  const name = describeSource({ kind: "url", url });
  try {
    // `fetch` refuses a URL with a user and password in it.
    const { url: address, headers } = splitCredentials(new URL(url));
    const ending = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MILLISECONDS)]);
    const response = await fetch(address, { signal: ending, headers });
    if (!response.ok) throw new PackageError(`${name} answered ${response.status} ${response.statusText}`);
    return await readAtMost(MAX_ZIP_BYTES, response.body ?? nothing(), name);
  } catch (error) {
    if (error instanceof PackageError) throw error;
    const { message, cause } = error as Error;
    const reason = cause instanceof Error ? cause.message : message;
    throw new PackageError(`${name} cannot be fetched: ${reason}`, { cause: error });
  }
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
