import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { CommandFailure, cannotWrite } from "./failure.ts";

/** What is kept of logins. */
export interface Logins {
  /** Address of the server that is asked where nobody says another one. */
  readonly current: string | undefined;
  /** Tokens by the addresses of their servers: none is ever shown to another server. */
  readonly tokens: Readonly<Record<string, string>>;
}

const NONE: Logins = { current: undefined, tokens: {} };

/** Where logins are kept. */
export function loginFile(environment: NodeJS.ProcessEnv): string {
  const folder = environment.XDG_CONFIG_HOME || join(environment.HOME || homedir(), ".config");
  return join(folder, "gaugelet", "login.json");
}

/** @throws CommandFailure where the file is there and is none of ours. */
export async function readLogins(file: string): Promise<Logins> {
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw new CommandFailure("failed", `${file} cannot be read: ${error.message}`);
  });
  if (text === undefined) return NONE;
  try {
    const { current, tokens } = JSON.parse(text) as Partial<Logins>;
    if (typeof tokens === "object") return { current, tokens };
  } catch {
    // The same as what is no login.
  }
  throw new CommandFailure("failed", `${file} holds no login; delete it and run: gaugelet login`);
}

/**
 * Only this user may read it.
 *
 * @throws CommandFailure where it cannot be written.
 */
export async function writeLogins(file: string, logins: Logins): Promise<void> {
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    await writeFile(file, `${JSON.stringify(logins, null, 2)}\n`, { mode: 0o600 });
    await chmod(file, 0o600);
  } catch (error) {
    cannotWrite(file)(error as Error);
  }
}
