import { sql } from "drizzle-orm";
import { bigint, check, index, jsonb, pgTable, primaryKey, text, timestamp, uuid } from "drizzle-orm/pg-core";
import { bytes } from "./columns.ts";

/** What a user may do; each has the rights of those before it. */
export const ROLES = ["viewer", "editor", "admin"] as const;
export type Role = (typeof ROLES)[number];

const when = (name: string) => timestamp(name, { withTimezone: true, precision: 3 });

/** People and programs that call the API. */
export const users = pgTable(
  "users",
  {
    /** As in Grafana: a login. Owners of functions are named by it. */
    name: text("name").primaryKey(),
    role: text("role", { enum: ROLES }).notNull(),
    /** Who made it: an administrator, or Grafana by a first visit. */
    origin: text("origin", { enum: ["api", "grafana"] }).notNull(),
    createdAt: when("created_at").notNull().defaultNow(),
    /** The name stays taken: what it owned is still its own. */
    deletedAt: when("deleted_at"),
  },
  (table) => [check("users_role", sql`${table.role} in ('viewer', 'editor', 'admin')`)],
);

/** What a user shows to be known. Only a digest is kept. */
export const tokens = pgTable(
  "tokens",
  {
    id: uuid("id").primaryKey().defaultRandom(),
    user: text("user")
      .notNull()
      .references(() => users.name),
    /** What it is for, in its user's words. */
    name: text("name").notNull(),
    /** SHA-256 of the token, which is random enough to need no salt. */
    digest: bytes("digest").notNull().unique(),
    createdAt: when("created_at").notNull().defaultNow(),
    expiresAt: when("expires_at"),
    lastUsedAt: when("last_used_at"),
    revokedAt: when("revoked_at"),
  },
  (table) => [index("tokens_user").on(table.user)],
);

/** Values that functions are given as environment variables, encrypted; each belongs to an owner. */
export const secrets = pgTable(
  "secrets",
  {
    owner: text("owner").notNull(),
    name: text("name").notNull(),
    /** AES-256-GCM: nonce, tag, ciphertext. */
    sealed: bytes("sealed").notNull(),
    updatedAt: when("updated_at").notNull().defaultNow(),
    updatedBy: text("updated_by").notNull(),
  },
  (table) => [primaryKey({ columns: [table.owner, table.name] })],
);

/** Who changed what, and when. Nothing is ever changed here. */
export const auditLog = pgTable(
  "audit_log",
  {
    id: bigint("id", { mode: "number" }).primaryKey().generatedAlwaysAsIdentity(),
    at: when("at").notNull().defaultNow(),
    user: text("user").notNull(),
    /** Such as `function.deploy`. */
    action: text("action").notNull(),
    /** Such as the function's name. */
    target: text("target").notNull(),
    details: jsonb("details").notNull().default({}),
    address: text("address").notNull(),
  },
  (table) => [index("audit_log_at").on(table.at), index("audit_log_target").on(table.target)],
);
