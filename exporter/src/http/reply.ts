import type { Request, Response } from "express";
import { compressText } from "../exposition/gzip-cache.ts";
import type { Target } from "../target.ts";
import { acceptsGzip, type Negotiated, negotiate } from "./negotiation.ts";

/** How long a scraper waits that does not say so, in milliseconds: as long as Prometheus does by default. */
const DEFAULT_TIMEOUT_MS = 10_000;

/** How long a scraper waits for us, in milliseconds: a little less than it says, so that the answer still arrives. */
export function timeoutOf(request: Request): number {
  const seconds = Number(request.get("X-Prometheus-Scrape-Timeout-Seconds") ?? Number.NaN);
  if (!(seconds > 0)) return DEFAULT_TIMEOUT_MS;
  const milliseconds = Math.min(seconds * 1000, DEFAULT_TIMEOUT_MS * 60);
  return Math.max(milliseconds * 0.5, milliseconds - 500);
}

/** What a scrape's text is made of, in the order in which it is sent. */
export interface Exposition {
  /** Its outputs come first; undefined where there are none now. */
  readonly target: Target | undefined;
  /** Writes what comes after them. */
  readonly tail: (as: Negotiated) => Promise<string> | string;
}

/** Answer a scrape in the text and compression that the scraper asks for. */
export async function sendExposition(
  request: Request,
  response: Response,
  { target, tail }: Exposition,
): Promise<void> {
  const negotiated = negotiate(request.get("Accept"));
  const isGzip = acceptsGzip(request.get("Accept-Encoding"));
  // The memory of what is sent would else be written to by the next change.
  const { pieces: head, release } = target?.hold(negotiated) ?? { pieces: [], release: () => {} };
  // A scraper that has gone meanwhile closes nothing any more.
  if (response.destroyed) release();
  else response.once("close", release);
  const lead = negotiated.format === "text" && head.length > 0 ? "\n" : "";
  const end = negotiated.format === "openmetrics" ? "# EOF\n" : "";
  const text = Buffer.from(`${lead}${await tail(negotiated)}${end}`);
  const pieces = isGzip
    ? [...(target === undefined ? [] : await target.gzipped(negotiated, head)), await compressText(text)]
    : [...head, text];
  response.set("Content-Type", negotiated.contentType);
  response.set("Vary", "Accept, Accept-Encoding");
  if (isGzip) response.set("Content-Encoding", "gzip");
  response.set("Content-Length", String(pieces.reduce((bytes, piece) => bytes + piece.length, 0)));
  if (request.method === "HEAD") {
    response.end();
    return;
  }
  // One write for all pieces, none of which is copied.
  response.cork();
  for (const piece of pieces) response.write(piece);
  response.uncork();
  response.end();
}
