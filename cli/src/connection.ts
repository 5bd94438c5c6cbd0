import { readFile, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { CommandFailure } from "./failure.ts";
import { loginFile, readLogins } from "./login-file.ts";

const USUAL_URL = "http://127.0.0.1:8420";
const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;

/** Which server is asked, and as whom. */
export interface Connection {
  /** Without a slash at its end. */
  readonly url: string;
  readonly token: string | undefined;
  /** Where the token comes from, for messages. */
  readonly tokenSource: string;
  /** Whether the token is only about to be kept: to log in is no advice then. */
  readonly isLoggingIn?: true;
}

/** What options say. */
export interface ConnectionOptions {
  readonly url?: string;
  readonly token?: string;
}

/**
 * Find out which server is meant and what token is shown to it: an option, else a variable, else the login, else, for
 * a server on this machine, the file with its administrator's token.
 *
 * @param repository where the command itself lies: `npm start` keeps that file there.
 * @throws CommandFailure where the address is none.
 */
export async function findConnection(
  options: ConnectionOptions,
  environment: NodeJS.ProcessEnv,
  folder: string,
  repository?: string,
): Promise<Connection> {
  const logins = await readLogins(loginFile(environment));
  const url = checkUrl(options.url ?? (environment.GAUGELET_URL || undefined) ?? logins.current ?? USUAL_URL);
  if (options.token !== undefined) return { url, token: options.token, tokenSource: "--token" };
  if (environment.GAUGELET_TOKEN) {
    return { url, token: environment.GAUGELET_TOKEN.trim(), tokenSource: "GAUGELET_TOKEN" };
  }
  const stored = logins.tokens[url];
  if (stored !== undefined) return { url, token: stored, tokenSource: "the login" };
  // An administrator's token of this machine is for no other one to see.
  if (isOfThisMachine(url)) {
    for (const file of adminTokenFiles(environment, folder, repository)) {
      const token = await ownFile(file);
      if (token !== undefined) return { url, token, tokenSource: file };
    }
  }
  return { url, token: undefined, tokenSource: "" };
}

/** Whether an address can only be this machine's. */
export function isOfThisMachine(url: string): boolean {
  return LOOPBACK.test(new URL(url).hostname);
}

/** @throws CommandFailure */
export function checkUrl(text: string): string {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new CommandFailure(
      "usage",
      `${text} is no address of a server; expected one such as ${USUAL_URL} (--url or GAUGELET_URL)`,
    );
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, "")}`;
}

function* adminTokenFiles(
  environment: NodeJS.ProcessEnv,
  folder: string,
  repository: string | undefined,
): Iterable<string> {
  if (environment.GAUGELET_STATE_DIR) {
    yield join(resolve(folder, environment.GAUGELET_STATE_DIR), "admin-token");
    return;
  }
  for (let at = resolve(folder); ; at = dirname(at)) {
    yield join(at, ".gaugelet", "admin-token");
    if (dirname(at) === at) break;
  }
  if (repository !== undefined) yield join(repository, ".gaugelet", "admin-token");
  yield join(tmpdir(), `gaugelet-${process.getuid?.() ?? "user"}`, "admin-token");
}

/** A file that another user put there says nothing. */
async function ownFile(file: string): Promise<string | undefined> {
  try {
    const own = process.getuid?.();
    if (own !== undefined && own !== 0 && (await stat(file)).uid !== own) return undefined;
    return (await readFile(file, "utf8")).trim() || undefined;
  } catch {
    return undefined;
  }
}
