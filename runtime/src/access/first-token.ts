import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { Database } from "../database/database.ts";
import { tokens, users } from "../database/schema.ts";
import { digestOf, newToken } from "./tokens.ts";

/** The administrator that every installation begins with. */
const FIRST_USER = "admin";

/**
 * Make sure that whoever may read a file of this machine's is an administrator: a first token is made where there is
 * none, and one that is there, put there by an operator perhaps, is made known.
 *
 * @param file only this user may read it.
 */
export async function keepFirstToken(db: Database, file: string): Promise<void> {
  const token = (await readToken(file)) ?? (await writeToken(file));
  await db.insert(users).values({ name: FIRST_USER, role: "admin", origin: "api" }).onConflictDoNothing();
  await db
    .insert(tokens)
    .values({ user: FIRST_USER, name: "first token", digest: digestOf(token) })
    .onConflictDoNothing();
}

async function readToken(file: string): Promise<string | undefined> {
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "";
    throw error;
  });
  return text.trim() === "" ? undefined : text.trim();
}

async function writeToken(file: string): Promise<string> {
  const token = newToken();
  await mkdir(dirname(file), { recursive: true, mode: 0o711 });
  await writeFile(file, `${token}\n`, { mode: 0o600 });
  await chmod(file, 0o600);
  return token;
}
