import { type FetchError, getBackendSrv } from "@grafana/runtime";
import { fromEvent, lastValueFrom, takeUntil } from "rxjs";
import { PLUGIN_ID } from "../constants";
import { parseExactly } from "./exact-json";
import { currentRole, type Role } from "./role";

/** What a request has besides its method and path. */
export interface AskOptions {
  /** Those that are undefined or empty are left out. */
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly signal?: AbortSignal;
  /** Whether the answer is a file's text, whatever is in it. */
  readonly isText?: boolean;
  /** The route that is taken; that of whoever looks at the page, unless said. */
  readonly role?: Role;
}

/** What the API says is wrong (RFC 9457), or that it cannot be reached. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  /** HTTP's status; 0: there was no answer. */
  readonly status: number;
  /** The stable name of the problem, such as `not-found`; "": the answer is not the API's. */
  readonly code: string;
  /** Further members of the answer. */
  readonly members: Readonly<Record<string, unknown>>;

  constructor(
    status: number,
    code: string,
    message: string,
    members: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.members = members;
  }
}

/** How long what is away is left alone before it is asked for again, in milliseconds. */
export const AWAY_MILLISECONDS = 2_000;

/** Whether the runtime said that something it needs is away: it comes back by itself, and a page asks again. */
export function isAway(error: ApiError | undefined): boolean {
  return error?.code === "unavailable";
}

/** Statuses of what passes, as a rule: no answer, too much at once, or away. */
const PASSING = new Set([0, 429, 502, 503, 504]);

/** Whether what failed is worth another try. */
export function mayPass({ status }: Pick<ApiError, "status">): boolean {
  return PASSING.has(status);
}

/** Address of something below `/api/v1`, through Grafana's data proxy. */
export function proxied(
  path: string,
  { query = {}, role = currentRole() }: Pick<AskOptions, "query" | "role"> = {},
): string {
  const shown = Object.entries(query).filter(([, value]) => value !== undefined && value !== "");
  const text = new URLSearchParams(shown.map(([name, value]) => [name, String(value)])).toString();
  return `/api/plugin-proxy/${PLUGIN_ID}/${role}${path}${text === "" ? "" : `?${text}`}`;
}

/** How long an answer that was asked for ahead is kept for whoever needs it, in milliseconds. */
const AHEAD_MILLISECONDS = 5_000;
const ahead = new Map<string, Promise<unknown>>();

/** Ask for what a page that is still being loaded is going to ask for: the first to do so gets this answer. */
export function askAhead(path: string, options: Pick<AskOptions, "query">): void {
  const answer = ask<unknown>("GET", path, options);
  // Whoever takes it is told.
  answer.catch(() => {});
  const url = proxied(path, options);
  ahead.set(url, answer);
  setTimeout(() => ahead.delete(url), AHEAD_MILLISECONDS);
}

/**
 * Ask the runtime's API.
 *
 * @param path below `/api/v1`, such as `/functions`.
 * @throws ApiError with what it says is wrong.
 */
export async function ask<Answer>(method: string, path: string, options: AskOptions = {}): Promise<Answer> {
  const { body, signal, isText = false } = options;
  const url = proxied(path, options);
  const waiting = method === "GET" ? ahead.get(url) : undefined;
  ahead.delete(url);
  if (waiting !== undefined) return (await waiting) as Answer;
  const answers = getBackendSrv().fetch<unknown>({
    url,
    method,
    // Grafana would parse it, and round long integers.
    responseType: "text",
    showErrorAlert: false,
    showSuccessAlert: false,
    ...(body === undefined ? {} : { data: body }),
  });
  try {
    // The request ends with whoever listens to it.
    const heard = signal === undefined ? answers : answers.pipe(takeUntil(fromEvent(signal, "abort")));
    const { data } = await lastValueFrom(heard);
    return (isText ? data : asParsed(data)) as Answer;
  } catch (error) {
    throw explained(error as FetchError | Error);
  }
}

/** JSON as its value; what is none, such as a file of a function, as the text that it is. */
function asParsed(data: unknown): unknown {
  if (typeof data !== "string") return data;
  try {
    return parseExactly(data);
  } catch {
    return data;
  }
}

interface AnsweredProblem {
  readonly type?: string;
  readonly detail?: string;
  readonly title?: string;
  readonly message?: string;
}

/** What an answer says is wrong; Grafana puts one that it was told to leave as text into `response`. */
function problemIn(data: unknown): AnsweredProblem {
  const { response } = (data ?? {}) as { response?: unknown };
  const parsed = asParsed(response ?? data);
  return typeof parsed === "object" && parsed !== null ? parsed : { message: String(parsed ?? "") };
}

/** What went wrong, as people can read it. */
function explained(error: FetchError | Error): ApiError {
  if (!("status" in error)) return new ApiError(0, "", error.message);
  const { status, data } = error;
  const problem = problemIn(data);
  if (problem.type?.startsWith("/problems/") === true) {
    const { type, detail, title, ...members } = problem;
    return new ApiError(status, type.slice("/problems/".length), detail ?? title ?? "", members);
  }
  if (status === 502 || status === 504) {
    return new ApiError(
      status,
      "",
      "Grafana cannot reach the runtime: is its address right, and does it run? See Configuration.",
    );
  }
  // The API would say its own problem. Where dashboards are open to everyone, who is signed out is a viewer.
  if (status === 401 || status === 403) {
    return new ApiError(
      status,
      "",
      "Grafana lets this through no more: you are signed out, or have another role now. Sign in again in another tab of the browser, and what is written here is not lost.",
    );
  }
  return new ApiError(status, "", problem.message || `the answer was ${status}`);
}
