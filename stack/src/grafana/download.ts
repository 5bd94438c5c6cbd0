import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import http from "node:http";
import { formatBytes } from "@gaugelet/shared/units";
import { Problem } from "../problem.ts";

/** How long a server may take, in milliseconds. */
export interface DownloadLimits {
  /** Until an answer begins. */
  readonly answer: number;
  /** Between two pieces of an answer. */
  readonly pause: number;
}

const LIMITS: DownloadLimits = { answer: 5_000, pause: 15_000 };

/** How a download goes about it. */
export interface DownloadOptions {
  readonly signal: AbortSignal;
  readonly detail: (text: string) => void;
  readonly limits?: DownloadLimits | undefined;
}

/**
 * Download a file and check it against the SHA-256 that is published beside it, as `FILE.sha256`.
 *
 * @throws Problem that names the address and what went wrong.
 */
export async function download(url: string, file: string, options: DownloadOptions): Promise<void> {
  const expected = await fetchDigest(`${url}.sha256`, options);
  const found = await fetchFile(url, file, options);
  if (found !== expected) {
    throw new Problem(`${url} does not match its published SHA-256 (expected ${expected}, found ${found})`);
  }
}

async function fetchDigest(url: string, options: DownloadOptions): Promise<string> {
  let text = "";
  // More than a digest and a file name is something else, such as a sign-in page.
  for await (const { chunk } of pieces(url, options)) {
    text += Buffer.from(chunk).toString("latin1");
    if (text.length > 4_096) break;
  }
  const digest = /^[0-9a-f]{64}(?=\s|$)/i.exec(text.trim())?.[0];
  if (digest === undefined) throw new Problem(`${url} holds no SHA-256`);
  return digest.toLowerCase();
}

/** @returns the SHA-256 of what arrived. */
async function fetchFile(url: string, file: string, options: DownloadOptions): Promise<string> {
  await using output = await open(file, "wx");
  const hash = createHash("sha256");
  let received = 0;
  for await (const { chunk, total } of pieces(url, options)) {
    hash.update(chunk);
    await output.writeFile(chunk);
    received += chunk.length;
    options.detail(`${formatBytes(received)}${total > 0 ? ` of ${formatBytes(total)}` : ""}`);
  }
  return hash.digest("hex");
}

/** The pieces of an answer as they come; `total` is its whole size in bytes, 0 where the server does not say. */
async function* pieces(
  url: string,
  { signal, limits = LIMITS }: DownloadOptions,
): AsyncGenerator<{ chunk: Uint8Array; total: number }> {
  const giveUp = new AbortController();
  let timer = setTimeout(() => giveUp.abort(), limits.answer);
  // Only while this lasts: the ready checks on 127.0.0.1 must not go through a proxy.
  const restoreProxy = http.setGlobalProxyFromEnv();
  try {
    const response = await fetch(url, { signal: AbortSignal.any([signal, giveUp.signal]) });
    if (!response.ok) throw new Problem(`${url} answers with status ${response.status}`);
    const total = Number(response.headers.get("content-length") ?? 0);
    for await (const chunk of response.body ?? []) {
      clearTimeout(timer);
      timer = setTimeout(() => giveUp.abort(), limits.pause);
      yield { chunk, total };
    }
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof Problem) throw error;
    if (giveUp.signal.aborted) throw new Problem(`${url} does not answer in time`);
    const { message, cause } = error as Error;
    throw new Problem(`${url} cannot be read: ${cause instanceof Error ? cause.message : message}`);
  } finally {
    clearTimeout(timer);
    restoreProxy();
  }
}
