import { describeSource, PackageError } from "./package.ts";
import { MAX_ZIP_BYTES } from "./zip.ts";

const TIMEOUT_MILLISECONDS = 30_000;

/**
 * Fetch a zip over HTTP(S).
 *
 * @param signal ends it early.
 *
 * @throws PackageError where it cannot be had within 30 s or is larger than 64 MiB.
 */
export async function download(url: string, signal: AbortSignal = AbortSignal.any([])): Promise<Buffer> {
  const name = describeSource({ kind: "url", url });
  try {
    const response = await fetch(...withCredentials(new URL(url), signal));
    if (!response.ok) throw new PackageError(`${name} answered ${response.status} ${response.statusText}`);
    const chunks: Uint8Array[] = [];
    let length = 0;
    for await (const chunk of response.body ?? []) {
      length += chunk.length;
      if (length > MAX_ZIP_BYTES) throw new PackageError(`${name} is larger than ${MAX_ZIP_BYTES} bytes`);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  } catch (error) {
    if (error instanceof PackageError) throw error;
    const { message, cause } = error as Error;
    const reason = cause instanceof Error ? cause.message : message;
    throw new PackageError(`${name} cannot be fetched: ${reason}`, { cause: error });
  }
}

/** `fetch` refuses a URL with a user and password in it; they go into a header. */
function withCredentials(url: URL, signal: AbortSignal): [URL, RequestInit] {
  const credentials = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  url.username = "";
  url.password = "";
  const authorization = `Basic ${Buffer.from(credentials).toString("base64")}`;
  return [
    url,
    {
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MILLISECONDS)]),
      headers: credentials === ":" ? {} : { authorization },
    },
  ];
}
