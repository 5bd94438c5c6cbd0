import type { HttpOptions } from "../../configuration.ts";
import type { Content, OutputStore } from "../../exposition/output-store.ts";
import type { AwayLog } from "../away-log.ts";
import { type Source, SourceAwayError } from "../source.ts";

/** Longest time that a document may take, in milliseconds. */
const ANSWER_WITHIN_MS = 10_000;

export interface HttpSourceOptions {
  readonly url: URL;
  readonly http: HttpOptions;
  /** User and password, where the server asks for them. */
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly maxBytes: number;
  readonly store: OutputStore;
  readonly log: AwayLog;
}

/** A JSON document that a server gives: one output, asked for at each update. */
export class HttpSource implements Source {
  readonly problems = [];
  readonly #options: HttpSourceOptions;
  readonly #key: string;
  readonly #closed = new AbortController();

  constructor(options: HttpSourceOptions) {
    this.#options = options;
    this.#key = options.url.href;
    options.store.describe({
      key: this.#key,
      functionName: this.#key,
      shard: undefined,
      host: undefined,
      storedAt: undefined,
      staleAfter: undefined,
    });
  }

  get only(): string {
    return this.#key;
  }

  async update(): Promise<void> {
    const { store, log } = this.#options;
    try {
      store.put(this.#key, await this.#ask(), Date.now());
      log.up();
    } catch (error) {
      if (error instanceof SourceAwayError && !this.#closed.signal.aborted) log.away(error.message);
      throw error;
    }
  }

  close(): void {
    this.#closed.abort();
  }

  async #ask(): Promise<Content> {
    const { url, http, username, password, maxBytes } = this.#options;
    const headers = new Headers({ accept: "application/json, */*;q=0.1", ...http.headers });
    if (username !== undefined || password !== undefined) {
      const credentials = Buffer.from(`${username ?? ""}:${password ?? ""}`).toString("base64");
      headers.set("authorization", `Basic ${credentials}`);
    }
    try {
      const response = await fetch(url, {
        method: http.method,
        headers,
        ...(http.body === undefined ? {} : { body: http.body }),
        // Where it leads was not asked about: it may not be allowed.
        redirect: "error",
        signal: AbortSignal.any([this.#closed.signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]),
      });
      if (!response.ok) {
        await response.body?.cancel();
        throw new SourceAwayError(`the server answers ${response.status} ${response.statusText}`.trimEnd());
      }
      return await readBody(response, maxBytes);
    } catch (error) {
      if (error instanceof SourceAwayError) throw error;
      throw new SourceAwayError(explain(error as Error), { cause: error });
    }
  }
}

async function readBody(response: Response, maxBytes: number): Promise<Content> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    // Leaving the loop lets go of the rest.
    if (bytes > maxBytes) return { absence: "too_large" };
    chunks.push(chunk);
  }
  return { bytes: Buffer.concat(chunks) };
}

/** fetch says only that it failed; its cause says why. */
function explain(error: Error): string {
  if (error.name === "TimeoutError") return `no complete answer within ${ANSWER_WITHIN_MS / 1000} s`;
  const cause = error.cause instanceof Error ? error.cause.message : "";
  return cause === "" ? error.message : `${error.message}: ${cause}`;
}
