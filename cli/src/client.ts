import { type Connection, isOfThisMachine } from "./connection.ts";
import { CommandFailure } from "./failure.ts";
import { sendPatiently } from "./send-patiently.ts";

const API_PATH = "/api/v1";
const DENIED: ReadonlySet<number> = new Set([401, 403, 404]);
/** Where in a request a fault is, which says nothing to whoever wrote a command line. */
const PLACE = /(^|; )(?:path|query|body): /g;
/** What a list answers at most. */
export const PAGE = 1_000;

/** Values of a query; those that are undefined are left out. */
export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** What a request says besides its path. */
export interface RequestOptions {
  readonly query?: Query;
  /** Sent as JSON; text is sent as it is, and has to be JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** The answer may take as long as a function does. */
  readonly isPatient?: boolean;
}

/** Talks to a server. Its answers are read as the documentation of its API says they are. */
export class Client {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  get url(): string {
    return this.#connection.url;
  }

  /**
   * Ask the API.
   *
   * @param path below `/api/v1`.
   * @throws CommandFailure that says why it was refused, or that nobody answers.
   */
  async ask<Answer>(method: string, path: string, options: RequestOptions = {}): Promise<Answer> {
    const response = await this.open(method, API_PATH + path, options);
    return (response.status === 204 ? undefined : await readBody(response.json())) as Answer;
  }

  /** Ask for bytes. */
  async bytes(path: string): Promise<Buffer> {
    const response = await this.open("GET", API_PATH + path);
    return Buffer.from(await readBody(response.arrayBuffer()));
  }

  /** Items of a list, page by page, `most` of them. */
  async list<Item>(path: string, query: Query, most: number): Promise<Item[]> {
    const items: Item[] = [];
    let after: string | undefined;
    do {
      const limit = Math.min(PAGE, most - items.length);
      const page = await this.ask<{ items: Item[]; next: string | null }>("GET", path, {
        query: { ...query, limit, after },
      });
      items.push(...page.items);
      after = page.next ?? undefined;
    } while (after !== undefined && items.length < most);
    return items;
  }

  /**
   * Send a request, whatever its answer is read as.
   *
   * @param path from the server's root.
   * @throws CommandFailure
   */
  async open(
    method: string,
    path: string,
    { query = {}, body, headers = {}, signal, isPatient = false }: RequestOptions = {},
  ): Promise<Response> {
    const { url, token, tokenSource } = this.#connection;
    checkNames(path);
    const address = new URL(url + path);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) address.searchParams.set(name, String(value));
    }
    const sent = new Headers(body === undefined ? {} : { "content-type": "application/json" });
    for (const [name, value] of Object.entries(headers)) setHeader(sent, name, value, name);
    if (token !== undefined) {
      setHeader(sent, "authorization", `Bearer ${token}`, `the token of ${tokenSource}`);
    }
    const send = isPatient ? sendPatiently : fetch;
    const response = await send(address, {
      method,
      headers: sent,
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
      ...(signal && { signal }),
    }).catch((error: unknown) => {
      if (signal?.aborted) throw error;
      throw this.#away(error);
    });
    if (!response.ok) throw await this.#refused(response);
    return response;
  }

  #away(error: unknown): CommandFailure {
    const { cause = error } = error as { cause?: unknown };
    const { code, message } = cause as { code?: string; message?: string };
    const what = code ?? message ?? String(error);
    return new CommandFailure(
      "away",
      `no server answers at ${this.url} (${what}); start it, or say where it is with --url or GAUGELET_URL`,
    );
  }

  async #refused(response: Response): Promise<CommandFailure> {
    const text = await response.text().catch(() => "");
    const problem = problemIn(text);
    const detail = detailOf(problem) ?? `${this.url} answered with status ${response.status}`;
    if (response.status === 401) return new CommandFailure("denied", this.#signIn(detail), problem);
    if (response.status === 503) return new CommandFailure("away", `${this.url}: ${detail}`, problem);
    if (response.status === 404 && problem === undefined) {
      return new CommandFailure("denied", `${this.url} has nothing there: is it a Gaugelet with an API?`);
    }
    const later = response.headers.get("retry-after");
    const when = response.status === 429 && later !== null ? `; try again in ${later} s` : "";
    if (problem?.type === "/problems/invalid-request") {
      return new CommandFailure("usage", detail.replaceAll(PLACE, "$1"), problem);
    }
    return new CommandFailure(DENIED.has(response.status) ? "denied" : "failed", detail + when, problem);
  }

  #signIn(detail: string): string {
    const { token, tokenSource, isLoggingIn } = this.#connection;
    const how = "run: gaugelet login, or set GAUGELET_TOKEN";
    if (isLoggingIn) return `${this.url} refuses the token of ${tokenSource}: ${detail}`;
    const where = isOfThisMachine(this.url)
      ? "; its administrator's is in the file admin-token of its state folder"
      : "";
    return token === undefined
      ? `${this.url} wants a token; ${how}${where}`
      : `${this.url} refuses the token of ${tokenSource}: ${detail}; ${how}`;
  }
}

/**
 * What nobody is called: in an address it would stand for something else, such as all of a list.
 *
 * @throws CommandFailure
 */
function checkNames(path: string): void {
  const wrong = path
    .split("/")
    .slice(1)
    .find((part) => part === "" || part === "." || part === "..");
  if (wrong !== undefined) throw new CommandFailure("usage", `expected a name or an id, not "${wrong}"`);
}

/** @throws CommandFailure that does not tell the value, which may be a token. */
function setHeader(headers: Headers, name: string, value: string, what: string): void {
  try {
    headers.set(name, value);
  } catch {
    throw new CommandFailure(
      "usage",
      `${what} has characters that cannot be sent: expected one line of ASCII`,
    );
  }
}

async function readBody<Body>(body: Promise<Body>): Promise<Body> {
  try {
    return await body;
  } catch (error) {
    throw new CommandFailure("away", `the answer broke off or is none: ${(error as Error).message}`);
  }
}

function problemIn(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function detailOf(problem: Record<string, unknown> | undefined): string | undefined {
  const found = problem?.detail ?? problem?.message ?? problem?.error;
  return typeof found === "string" ? found : undefined;
}
