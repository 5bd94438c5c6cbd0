import {
  bigint,
  boolean,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  timestamp,
} from "drizzle-orm/pg-core";
import { bytes } from "./columns.ts";

const when = (name: string) => timestamp(name, { withTimezone: true, precision: 3 });

/** Functions that users made. Those of a `gaugelet.yaml` are not here. */
export const functions = pgTable(
  "functions",
  {
    name: text("name").primaryKey(),
    owner: text("owner").notNull(),
    /** Number of the version that runs. */
    version: integer("version").notNull(),
    /** It stays, and is not called. */
    isPaused: boolean("is_paused").notNull().default(false),
    /** As the manifest of the version that runs names it, with its placeholders; null: that of the name. */
    outputKey: text("output_key"),
    createdAt: when("created_at").notNull().defaultNow(),
    updatedAt: when("updated_at").notNull().defaultNow(),
    updatedBy: text("updated_by").notNull(),
    /** It can be brought back; until it is purged its name is taken. */
    deletedAt: when("deleted_at"),
    /** The catalog's revision at its last change: replicas ask for what is newer. */
    revision: bigint("revision", { mode: "number" }).notNull(),
  },
  (table) => [
    index("functions_owner").on(table.owner),
    index("functions_revision").on(table.revision),
    index("functions_output_key").on(table.outputKey),
  ],
);

/** What functions were at a time: never changed. */
export const versions = pgTable(
  "versions",
  {
    function: text("function")
      .notNull()
      .references(() => functions.name, { onDelete: "cascade" }),
    /** 1, 2, … */
    number: integer("number").notNull(),
    /** As the user wrote it, without `name` and `source`. */
    manifest: jsonb("manifest").notNull(),
    package: text("package")
      .notNull()
      .references(() => packages.digest),
    /** Findings of the check that did not forbid it. */
    warnings: jsonb("warnings").notNull().default([]),
    comment: text("comment").notNull().default(""),
    createdAt: when("created_at").notNull().defaultNow(),
    createdBy: text("created_by").notNull(),
  },
  (table) => [primaryKey({ columns: [table.function, table.number] })],
);

/** Names of versions, such as `stable`. */
export const aliases = pgTable(
  "aliases",
  {
    function: text("function")
      .notNull()
      .references(() => functions.name, { onDelete: "cascade" }),
    name: text("name").notNull(),
    version: integer("version").notNull(),
    updatedAt: when("updated_at").notNull().defaultNow(),
    updatedBy: text("updated_by").notNull(),
  },
  (table) => [primaryKey({ columns: [table.function, table.name] })],
);

/** Code, once for each content. */
export const packages = pgTable("packages", {
  /** SHA-256 of the contents, in hexadecimal. */
  digest: text("digest").primaryKey(),
  zip: bytes("zip").notNull(),
  /** Paths of the files in it. */
  files: jsonb("files").$type<readonly string[]>().notNull(),
  createdAt: when("created_at").notNull().defaultNow(),
});

/** One row: counts the catalog's changes. */
export const catalogState = pgTable("catalog_state", {
  id: integer("id").primaryKey().default(1),
  revision: bigint("revision", { mode: "number" }).notNull().default(0),
  /** The revision at which a function was last purged, so that nothing is left that says so. */
  purged: bigint("purged", { mode: "number" }).notNull().default(0),
});
