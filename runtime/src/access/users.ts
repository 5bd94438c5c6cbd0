import { and, asc, eq, gt, isNull, sql } from "drizzle-orm";
import { ApiProblem } from "../api/problems.ts";
import type { Database, Transaction } from "../database/database.ts";
import type { Role } from "../database/schema/access.ts";
import { users } from "../database/schema.ts";
import { recordAudit } from "./audit.ts";
import type { Caller } from "./caller.ts";

/** Of changes of users; any number that nobody else has chosen. */
const LOCK = 4_207_422;

/** A user as the database has it. */
export type User = typeof users.$inferSelect;

/**
 * The users of an installation. Each change is in the audit log.
 *
 * Some methods throw ApiProblem: `not-found`, or `conflict` where a change would leave nobody to administer.
 */
export class Users {
  readonly #db: Database;
  readonly #onChange: () => void;

  /** @param onChange is called after each change of what somebody may do. */
  constructor(db: Database, onChange: () => void) {
    this.#db = db;
    this.#onChange = onChange;
  }

  /** By their names. @param after only those behind it. */
  async list(limit: number, after: string | undefined, withDeleted: boolean): Promise<User[]> {
    return await this.#db
      .select()
      .from(users)
      .where(
        and(
          after === undefined ? undefined : gt(users.name, after),
          withDeleted ? undefined : isNull(users.deletedAt),
        ),
      )
      .orderBy(asc(users.name))
      .limit(limit);
  }

  async find(name: string): Promise<User> {
    const [user] = await this.#db.select().from(users).where(eq(users.name, name));
    if (user === undefined) throw nobody(name);
    return user;
  }

  async create(caller: Caller, name: string, role: Role): Promise<User> {
    return await this.#change(async (tx) => {
      const [user] = await tx
        .insert(users)
        .values({ name, role, origin: "api" })
        .onConflictDoNothing()
        .returning();
      if (user === undefined) {
        const { deletedAt } = await inside(tx, name);
        const then = deletedAt === null ? "" : " and was deleted; restore it, or choose another name";
        throw new ApiProblem("conflict", `a user ${name} is there already${then}`);
      }
      await recordAudit(tx, caller, "user.create", name, { role });
      return user;
    });
  }

  /** Give a user a role. From now on that of visits from Grafana does not change it. */
  async changeRole(caller: Caller, name: string, role: Role): Promise<User> {
    return await this.#change(async (tx) => {
      const before = await inside(tx, name);
      if (before.deletedAt !== null) throw nobody(name);
      if (role !== "admin") await keepAnAdministrator(tx, before);
      const [user] = await tx
        .update(users)
        .set({ role, origin: "api" })
        .where(eq(users.name, name))
        .returning();
      await recordAudit(tx, caller, "user.role", name, { from: before.role, to: role });
      return user ?? before;
    });
  }

  /** Nobody is this user any more; what it owns stays, and its name is taken. */
  async delete(caller: Caller, name: string): Promise<void> {
    await this.#change(async (tx) => {
      const before = await inside(tx, name);
      if (before.deletedAt !== null) throw nobody(name);
      await keepAnAdministrator(tx, before);
      await tx.update(users).set({ deletedAt: sql`now()` }).where(eq(users.name, name));
      await recordAudit(tx, caller, "user.delete", name);
    });
  }

  /** Undo {@link delete}: tokens that were not revoked count again. */
  async restore(caller: Caller, name: string): Promise<User> {
    return await this.#change(async (tx) => {
      const before = await inside(tx, name);
      if (before.deletedAt === null) throw new ApiProblem("conflict", `the user ${name} is not deleted`);
      const [user] = await tx.update(users).set({ deletedAt: null }).where(eq(users.name, name)).returning();
      await recordAudit(tx, caller, "user.restore", name);
      return user ?? before;
    });
  }

  async #change<T>(change: (tx: Transaction) => Promise<T>): Promise<T> {
    const result = await this.#db.transaction(async (tx) => {
      // One at a time: two administrators may not remove each other.
      await tx.execute(sql`select pg_advisory_xact_lock(${LOCK})`);
      return await change(tx);
    });
    this.#onChange();
    return result;
  }
}

async function inside(tx: Transaction, name: string): Promise<User> {
  const [user] = await tx.select().from(users).where(eq(users.name, name));
  if (user === undefined) throw nobody(name);
  return user;
}

/** Those that Grafana made do not count: what they may do is for Grafana to say. */
async function keepAnAdministrator(tx: Transaction, { name, role, origin }: User): Promise<void> {
  if (role !== "admin" || origin !== "api") return;
  const administrators = await tx
    .select({ name: users.name })
    .from(users)
    .where(and(eq(users.role, "admin"), eq(users.origin, "api"), isNull(users.deletedAt)));
  if (administrators.some((each) => each.name !== name)) return;
  throw new ApiProblem("conflict", `${name} is the last administrator; make another one first`);
}

function nobody(name: string): ApiProblem {
  return new ApiProblem("not-found", `there is no user ${JSON.stringify(name)}`);
}
