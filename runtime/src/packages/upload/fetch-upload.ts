import { lookup } from "node:dns/promises";
import { once } from "node:events";
import { type IncomingMessage, type RequestOptions, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import type { LookupFunction } from "node:net";
import { describeSource, PackageError } from "../package.ts";
import { readAtMost, splitCredentials } from "../reading.ts";
import type { UploadLimits } from "./limits.ts";
import { isHostAllowed, refusalOfAddress, type UrlPolicy } from "./url-policy.ts";

const MAX_REDIRECTS = 3;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** What was at a URL. */
export interface FetchedUpload {
  /** The URL without what it may carry to sign in, for messages. */
  readonly name: string;
  /** Path of the URL that was asked for. */
  readonly path: string;
  readonly content: Buffer;
}

/**
 * Fetch what a user named by a URL. That user must not reach through this server what only the server can: a
 * name is resolved once, its addresses are checked, and just these are connected to, at every redirection anew.
 *
 * @throws PackageError where it may not be, or cannot be had within the limits.
 */
export async function fetchUpload(
  text: string,
  policy: UrlPolicy,
  limits: UploadLimits,
  signal: AbortSignal,
): Promise<FetchedUpload> {
  const start = parse(text);
  const name = nameOf(start);
  const deadline = AbortSignal.timeout(limits.downloadSeconds * 1000);
  const ending = AbortSignal.any([signal, deadline]);
  try {
    const response = await follow(start, policy, ending);
    const content = await readAtMost(limits.packedBytes, response, name);
    return { name, path: start.pathname, content };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof PackageError) throw error;
    const reason = deadline.aborted
      ? `it took longer than ${limits.downloadSeconds} s`
      : (error as Error).message;
    throw new PackageError(`${name} cannot be fetched: ${reason}`, { cause: error });
  }
}

/** The answer that is none to go on from. */
async function follow(start: URL, policy: UrlPolicy, signal: AbortSignal): Promise<IncomingMessage> {
  let { url, headers } = splitCredentials(start);
  for (let redirects = 0; ; redirects += 1) {
    const response = await ask(url, headers, policy, signal);
    const { statusCode = 0, statusMessage = "" } = response;
    const { location } = response.headers;
    if (REDIRECTS.has(statusCode) && location !== undefined) {
      response.destroy();
      if (redirects === MAX_REDIRECTS) {
        throw new PackageError(`${nameOf(start)} leads on more than ${MAX_REDIRECTS} times`);
      }
      const next = parse(location, url);
      if (url.protocol === "https:" && next.protocol === "http:") {
        throw new PackageError(`${nameOf(url)} leads to ${nameOf(next)}, which is not encrypted`);
      }
      const split = splitCredentials(next);
      // What signs in at one place is nothing that another should know.
      headers = next.origin === url.origin ? { ...headers, ...split.headers } : split.headers;
      url = split.url;
      continue;
    }
    if (statusCode !== 200) {
      response.destroy();
      throw new PackageError(`${nameOf(url)} answered ${statusCode} ${statusMessage}`.trimEnd());
    }
    if (response.headers["content-type"]?.startsWith("text/html") === true) {
      response.destroy();
      throw new PackageError(`${nameOf(url)} answered with a web page: expected a zip or a source file`);
    }
    return response;
  }
}

async function ask(
  url: URL,
  headers: Record<string, string>,
  policy: UrlPolicy,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const addresses = await checkedAddresses(url, policy, signal);
  const [first] = addresses;
  const answerLookup: LookupFunction = (_host, options, done) => {
    if (options.all === true) done(null, addresses);
    else done(null, first?.address ?? "", first?.family);
  };
  const options: RequestOptions = {
    headers: { ...headers, "accept-encoding": "identity" },
    // No connection that another request has made.
    agent: false,
    lookup: answerLookup,
    signal,
  };
  const request = url.protocol === "https:" ? requestHttps(url, options) : requestHttp(url, options);
  request.end();
  const [response] = (await once(request, "response")) as [IncomingMessage];
  return response;
}

/** @throws PackageError where one of the addresses may not be connected to. */
async function checkedAddresses(
  url: URL,
  policy: UrlPolicy,
  signal: AbortSignal,
): Promise<{ address: string; family: number }[]> {
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const addresses = await Promise.race([lookup(host, { all: true }), rejection(signal)]);
  if (isHostAllowed(host, policy)) return addresses;
  for (const { address } of addresses) {
    const refusal = refusalOfAddress(address, policy);
    if (refusal !== undefined) {
      throw new PackageError(
        `${nameOf(url)} is refused: the address of its host is ${refusal}; the operator can allow it with GAUGELET_ALLOWED_URL_HOSTS`,
      );
    }
  }
  return addresses;
}

async function rejection(signal: AbortSignal): Promise<never> {
  signal.throwIfAborted();
  await once(signal, "abort");
  throw signal.reason;
}

function parse(text: string, base?: URL): URL {
  const url = URL.parse(text, base?.href);
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw new PackageError("the URL is refused: expected one that begins with http:// or https://");
  }
  return url;
}

function nameOf(url: URL): string {
  return describeSource({ kind: "url", url: url.href });
}
