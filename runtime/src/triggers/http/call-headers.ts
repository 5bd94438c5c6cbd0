import { isOwnHost } from "../../configuration/loopback.ts";

/** What a call's headers say that matters here. */
export interface CallHeaders {
  readonly idempotencyKey: string | undefined;
  /** The site whose page sent the request; programs that are no browsers send none. */
  readonly origin: string | undefined;
  readonly host: string | undefined;
  /** How the event is compressed, or what else is said of it. */
  readonly contentEncoding: string | undefined;
}

/**
 * Read the headers that matter from the raw ones: names and values in turn. Node's own object of all headers
 * would cost more than everything else that a call needs here.
 */
export function readCallHeaders(raw: readonly string[]): CallHeaders {
  let idempotencyKey: string | undefined;
  let origin: string | undefined;
  let host: string | undefined;
  let contentEncoding: string | undefined;
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index] ?? "";
    // The lengths tell most names apart.
    if (name.length === 4 && name.toLowerCase() === "host") host = raw[index + 1];
    else if (name.length === 6 && name.toLowerCase() === "origin") origin = raw[index + 1];
    else if (name.length === 15 && name.toLowerCase() === "idempotency-key") {
      // Two names for one call are none.
      idempotencyKey = idempotencyKey === undefined ? raw[index + 1] : "";
    } else if (name.length === 16 && name.toLowerCase() === "content-encoding") {
      contentEncoding = raw[index + 1];
    }
  }
  return { idempotencyKey, origin, host, contentEncoding };
}

/** Whether it is a compression; some clients name the character set there. */
export function isCompression(contentEncoding: string): boolean {
  return /^(x-)?(gzip|compress|deflate|br|zstd)\b/i.test(contentEncoding);
}

/** Whether it can be kept: 1 to 255 printable ASCII characters. */
export function isIdempotencyKey(text: string): boolean {
  return /^[\x20-\x7e]{1,255}$/.test(text);
}

/**
 * Whether a page of another site sent the request: any page that is looked at on this machine can send
 * requests to 127.0.0.1.
 */
export function isCrossOrigin({ origin, host }: Pick<CallHeaders, "origin" | "host">): boolean {
  return origin !== undefined && origin !== `http://${host}` && origin !== `https://${host}`;
}

/**
 * Whether a page sent the request whose site has the name of this server: any site can let its name lead to 127.0.0.1
 * once its page is there (DNS rebinding).
 */
export function isRebound({ origin, host }: Pick<CallHeaders, "origin" | "host">): boolean {
  return origin !== undefined && !isOwnHost(host ?? "");
}
