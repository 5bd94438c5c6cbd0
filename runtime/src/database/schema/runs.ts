import { sql } from "drizzle-orm";
import {
  bigint,
  bigserial,
  boolean,
  date,
  index,
  integer,
  jsonb,
  numeric,
  pgTable,
  primaryKey,
  real,
  text,
  timestamp,
} from "drizzle-orm/pg-core";
import { RUN_STATUSES, TRIGGER_KINDS } from "../../runs/run-record.ts";

const when = (name: string) => timestamp(name, { withTimezone: true, precision: 3 });

/** Runs. A custom migration makes it partitioned by day of `queued_at`. */
export const runs = pgTable(
  "runs",
  {
    id: text("id").notNull(),
    queuedAt: when("queued_at").notNull(),
    function: text("function").notNull(),
    owner: text("owner").notNull(),
    class: text("class").notNull(),
    version: text("version").notNull(),
    versionNumber: integer("version_number"),
    status: text("status", { enum: RUN_STATUSES }).notNull(),
    trigger: text("trigger", { enum: TRIGGER_KINDS }).notNull(),
    source: text("source").notNull(),
    shard: text("shard").notNull(),
    eventId: text("event_id"),
    user: text("user"),
    attempt: integer("attempt").notNull(),
    startedAt: when("started_at"),
    finishedAt: when("finished_at"),
    runSeconds: real("run_seconds"),
    billedMilliseconds: bigint("billed_milliseconds", { mode: "number" }).notNull(),
    mebibyteMilliseconds: bigint("mebibyte_milliseconds", { mode: "number" }).notNull(),
    cpuMicroseconds: bigint("cpu_microseconds", { mode: "number" }).notNull(),
    memoryPeakBytes: bigint("memory_peak_bytes", { mode: "number" }),
    diskBytes: bigint("disk_bytes", { mode: "number" }),
    worker: text("worker"),
    instance: text("instance").notNull(),
    startMethod: text("start_method"),
    input: text("input"),
    isInputCut: boolean("is_input_cut").notNull(),
    output: text("output"),
    isOutputCut: boolean("is_output_cut").notNull(),
    error: text("error"),
    traceback: text("traceback"),
    logs: jsonb("logs").$type<readonly string[]>().notNull(),
    /** Grows from one that is written to the next, so that whoever follows them knows what is new. */
    sequence: bigserial("sequence", { mode: "number" }).notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.id, table.queuedAt] }),
    index("runs_queued").on(table.queuedAt),
    index("runs_function").on(table.function, table.queuedAt),
    index("runs_owner").on(table.owner, table.queuedAt),
    index("runs_sequence").on(table.sequence),
    index("runs_trigger").on(table.trigger, table.queuedAt),
    index("runs_version_number")
      .on(table.function, table.versionNumber, table.queuedAt)
      .where(sql`${table.versionNumber} is not null`),
    index("runs_user").on(table.user, table.queuedAt).where(sql`${table.user} is not null`),
    index("runs_unsuccessful").on(table.queuedAt).where(sql`${table.status} <> 'completed'`),
    index("runs_unsuccessful_function")
      .on(table.function, table.queuedAt)
      .where(sql`${table.status} <> 'completed'`),
  ],
);

/** What all runs of a day used, recorded or not. */
export const usage = pgTable(
  "usage",
  {
    /** UTC. */
    day: date("day", { mode: "string" }).notNull(),
    owner: text("owner").notNull(),
    function: text("function").notNull(),
    class: text("class").notNull(),
    runs: bigint("runs", { mode: "bigint" }).notNull(),
    billedMilliseconds: numeric("billed_milliseconds", { precision: 40, scale: 0 }).notNull(),
    mebibyteMilliseconds: numeric("mebibyte_milliseconds", { precision: 40, scale: 0 }).notNull(),
    cpuMicroseconds: numeric("cpu_microseconds", { precision: 40, scale: 0 }).notNull(),
  },
  (table) => [primaryKey({ columns: [table.day, table.owner, table.function, table.class] })],
);

/** How far the streams of run records are drained: set in the transaction that writes what was drained. */
export const drained = pgTable("drained", {
  stream: text("stream").primaryKey(),
  position: text("position").notNull(),
});

/** What an owner may spend in a month. */
export const budgets = pgTable("budgets", {
  owner: text("owner").primaryKey(),
  /** In the price list's currency. */
  amount: numeric("amount", { precision: 20, scale: 6 }).notNull(),
  /** Share of the amount that a warning is given at, from 0 to 1. */
  warnAt: real("warn_at").notNull(),
  /** Whether calls are refused once it is spent. */
  isHard: boolean("is_hard").notNull(),
  updatedAt: when("updated_at").notNull().defaultNow(),
  updatedBy: text("updated_by").notNull(),
});

/** One row: the price list that was accepted last. */
export const priceLists = pgTable("price_lists", {
  id: integer("id").primaryKey().default(1),
  /** JSON, letter for letter what is compared. */
  list: text("list").notNull(),
  acceptedAt: when("accepted_at").notNull().defaultNow(),
});
