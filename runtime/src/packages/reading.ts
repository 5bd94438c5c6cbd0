import { PackageError } from "./package.ts";

/**
 * Read what comes to its end.
 *
 * @param name what it is called in messages.
 * @throws PackageError where it is larger than the limit, as soon as that is known.
 */
export async function readAtMost(
  limit: number,
  chunks: AsyncIterable<Uint8Array>,
  name: string,
): Promise<Buffer> {
  const read: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    length += chunk.length;
    if (length > limit) throw new PackageError(`${name} is larger than ${limit} bytes`);
    read.push(chunk);
  }
  return Buffer.concat(read);
}

/** A URL without the user and password in it, and the headers that say them. */
export function splitCredentials(url: URL): { readonly url: URL; readonly headers: Record<string, string> } {
  const bare = new URL(url);
  const credentials = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  bare.username = "";
  bare.password = "";
  if (credentials === ":") return { url: bare, headers: {} };
  return { url: bare, headers: { authorization: `Basic ${Buffer.from(credentials).toString("base64")}` } };
}
