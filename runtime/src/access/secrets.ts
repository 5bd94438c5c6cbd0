import { ConfigurationError } from "@gaugelet/shared/configuration";
import { and, asc, eq, gt, inArray, sql } from "drizzle-orm";
import { ApiProblem } from "../api/problems.ts";
import type { Database, Transaction } from "../database/database.ts";
import { secrets } from "../database/schema.ts";
import { recordAudit } from "./audit.ts";
import type { Caller } from "./caller.ts";
import { seal, unseal } from "./sealing.ts";
import { type GivenKeys, type SecretKeys, secretKeys, WITHOUT_KEY } from "./secret-keys.ts";

/** What may be told of a secret. */
export type SecretName = Pick<typeof secrets.$inferSelect, "owner" | "name" | "updatedAt" | "updatedBy">;

/** A function needs secrets that its owner does not have, or that cannot be opened. */
export class SecretError extends Error {
  override readonly name = "SecretError";
}

const TOLD = {
  owner: secrets.owner,
  name: secrets.name,
  updatedAt: secrets.updatedAt,
  updatedBy: secrets.updatedBy,
};

const OTHER_KEY =
  "sealed with another key than this runtime has: give all runtimes of a database the same GAUGELET_SECRET_KEY, and a key from before as GAUGELET_SECRET_KEY_OLD";

/** Secrets of owners, for their functions: encrypted in the database, and never told again. */
export class Secrets {
  readonly #db: Database;
  readonly #keys: SecretKeys;

  private constructor(db: Database, keys: SecretKeys) {
    this.#db = db;
    this.#keys = keys;
  }

  /**
   * Find the key, and seal anew what is sealed with an old one.
   *
   * @param file holds the key where none is given.
   * @throws ConfigurationError where there are secrets that no key opens; they stay as they are.
   */
  static async open(db: Database, given: GivenKeys, file: string): Promise<Secrets> {
    const sealed = await db.select().from(secrets);
    const keys = await secretKeys(given, file, sealed.length > 0);
    const opened = sealed.map((row) => ({ row, text: unseal(keys.current, placeOf(row), row.sealed) }));
    const others = opened
      .filter(({ text }) => text === undefined)
      .map(({ row }) => ({ row, text: unsealAny(keys, row) }));
    const closed = others.filter(({ text }) => text === undefined);
    if (closed.length > 0) {
      const names = closed.slice(0, 3).map(({ row }) => `${row.name} of ${row.owner}`);
      const told =
        closed.length === 1
          ? `the secret ${names[0]} is`
          : `${closed.length} secrets (${names.join(", ")}) are`;
      const place = given.secretKey === undefined ? file : "GAUGELET_SECRET_KEY";
      throw new ConfigurationError(`${told} ${OTHER_KEY}; this one's is that of ${place}. ${WITHOUT_KEY}`);
    }
    for (const { row, text = "" } of others) {
      const anew = seal(keys.current, placeOf(row), text);
      // Only where nobody has changed it meanwhile.
      await db
        .update(secrets)
        .set({ sealed: anew })
        .where(and(isOf(row.owner, row.name), eq(secrets.sealed, row.sealed)));
    }
    return new Secrets(db, keys);
  }

  /** Names of an owner's. @param after only those behind it. */
  async list(owner: string, limit: number, after: string | undefined): Promise<SecretName[]> {
    return await this.#db
      .select(TOLD)
      .from(secrets)
      .where(and(eq(secrets.owner, owner), after === undefined ? undefined : gt(secrets.name, after)))
      .orderBy(asc(secrets.name))
      .limit(limit);
  }

  /**
   * Keep a secret, new or changed.
   *
   * @throws ApiProblem `unavailable` where the others are sealed with a key that is not known here.
   */
  async put(caller: Caller, owner: string, name: string, value: string): Promise<SecretName> {
    return await this.#db.transaction(async (tx) => {
      await this.#checkKey(tx);
      const sealed = seal(this.#keys.current, placeOf({ owner, name }), value);
      const changes = { sealed, updatedAt: sql`now()`, updatedBy: caller.user };
      const [kept] = await tx
        .insert(secrets)
        .values({ owner, name, sealed, updatedBy: caller.user })
        .onConflictDoUpdate({ target: [secrets.owner, secrets.name], set: changes })
        .returning(TOLD);
      if (kept === undefined) throw new Error("the database returned no secret");
      await recordAudit(tx, caller, "secret.put", name, { owner });
      return kept;
    });
  }

  /** @throws ApiProblem `not-found` where there is none. */
  async delete(caller: Caller, owner: string, name: string): Promise<void> {
    await this.#db.transaction(async (tx) => {
      const deleted = await tx.delete(secrets).where(isOf(owner, name)).returning(TOLD);
      if (deleted.length === 0) {
        throw new ApiProblem("not-found", `${owner} has no secret ${JSON.stringify(name)}`);
      }
      await recordAudit(tx, caller, "secret.delete", name, { owner });
    });
  }

  /**
   * The values of some of an owner's secrets, by their names: for the environment of a function, and nothing else.
   *
   * @throws SecretError that names those that are missing, or cannot be opened.
   */
  async secretsOf(owner: string, names: readonly string[]): Promise<Record<string, string>> {
    if (names.length === 0) return {};
    const rows = await this.#db
      .select()
      .from(secrets)
      .where(and(eq(secrets.owner, owner), inArray(secrets.name, [...names])));
    const missing = names.filter((name) => rows.every((row) => row.name !== name));
    if (missing.length > 0) {
      throw new SecretError(
        `${owner} has no secret ${missing.join(", ")}; keep ${missing.length === 1 ? "it" : "them"} with PUT /api/v1/secrets/<name>`,
      );
    }
    return Object.fromEntries(
      rows.map((row) => {
        const value = unsealAny(this.#keys, row);
        if (value === undefined) throw new SecretError(`the secret ${row.name} of ${owner} is ${OTHER_KEY}`);
        return [row.name, value];
      }),
    );
  }

  /** So that secrets of one database never come to have two keys. */
  async #checkKey(tx: Transaction): Promise<void> {
    const [any] = await tx.select().from(secrets).limit(1);
    if (any !== undefined && unsealAny(this.#keys, any) === undefined) {
      throw new ApiProblem("unavailable", `other secrets are ${OTHER_KEY}`);
    }
  }
}

function unsealAny(keys: SecretKeys, row: typeof secrets.$inferSelect): string | undefined {
  for (const key of [keys.current, ...keys.old]) {
    const text = unseal(key, placeOf(row), row.sealed);
    if (text !== undefined) return text;
  }
  return undefined;
}

function isOf(owner: string, name: string) {
  return and(eq(secrets.owner, owner), eq(secrets.name, name));
}

function placeOf({ owner, name }: { readonly owner: string; readonly name: string }): string {
  return `${owner}\n${name}`;
}
