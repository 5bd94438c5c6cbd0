import { type Command, Option } from "commander";
import { atLeastOne, time } from "../arguments.ts";
import type { Context } from "../context.ts";
import { followEvents } from "../event-source.ts";
import { type Column, printable, rounded, shown } from "../output.ts";

interface Run {
  readonly id: string;
  readonly function: string;
  readonly versionNumber: number | null;
  readonly status: string;
  readonly trigger: string;
  readonly queuedAt: string;
  readonly runSeconds: number | null;
  readonly cost: string | null;
  readonly error: string | null;
}

const STATUSES = ["waiting", "running", "completed", "failed", "timed-out", "killed", "rejected"] as const;
const TRIGGERS = ["http", "topic", "schedule", "redis-key", "prometheus", "invocation", "replay"] as const;
const COLUMNS: readonly Column<Run>[] = [
  { title: "RUN", value: ({ id }) => id },
  { title: "FUNCTION", value: ({ function: name }) => name },
  { title: "VERSION", value: ({ versionNumber }) => versionNumber },
  { title: "STATUS", value: ({ status }) => status },
  { title: "TRIGGER", value: ({ trigger }) => trigger },
  { title: "QUEUED", value: ({ queuedAt }) => queuedAt },
  { title: "SECONDS", value: ({ runSeconds }) => rounded(runSeconds) },
  { title: "COST", value: ({ cost }) => rounded(cost) },
  { title: "ERROR", value: ({ error }) => (error === null ? null : error.slice(0, 60)) },
];

interface ListOptions {
  readonly most: number;
  readonly follow?: true;
  readonly [filter: string]: string | number | true | undefined;
}

export function addRuns(program: Command, context: Context): void {
  const runs = program.command("runs").description("calls of functions, and what they came to");

  runs
    .command("list", { isDefault: true })
    .description("runs, newest first")
    .option("--function <name>", "of a function")
    .option("--owner <user>", "of a user's functions")
    .option("--user <user>", "that a user called")
    .addOption(new Option("--status <status>", "that came to this").choices(STATUSES))
    .addOption(new Option("--trigger <kind>", "that was called by").choices(TRIGGERS))
    .option("--code <version>", "of a version: its number, or its digest")
    .option("--error <text>", "with this in their error")
    .option("--from <time>", "queued then or later: a time, or how long ago, such as 2h", time)
    .option("--to <time>", "queued before", time)
    .option("--most <number>", "so many at most", atLeastOne, 20)
    .option("-f, --follow", "show runs as they are over instead, until Ctrl-C")
    .action(async ({ most, follow, code, ...filter }: ListOptions) => {
      const { output } = context;
      const client = await context.client();
      const query = { ...filter, version: code } as Record<string, string | number | undefined>;
      if (!follow) {
        output.table(await client.list<Run>("/runs", query, most), COLUMNS, "no runs");
        return;
      }
      const stopping = new AbortController();
      for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stopping.abort());
      const { from: _from, to: _to, ...rest } = query;
      const events = followEvents(client, "/runs/stream", rest, stopping.signal, () =>
        output.progress("following runs; Ctrl-C ends"),
      );
      for await (const { data } of events) {
        output.item(data, () => [COLUMNS.map(({ value }) => shown(value(data as Run))).join("  ")]);
      }
    });

  runs
    .command("show <run>")
    .description("a run in full: its input and output, error, logs, times and cost")
    .action(async (id: string) => {
      const run = await (await context.client()).ask<Record<string, unknown>>(
        "GET",
        `/runs/${encodeURIComponent(id)}`,
      );
      const { input, output, traceback, logs, ...rest } = run;
      context.output.result(run, () => [
        ...Object.entries(rest).map(([field, value]) => `${field}: ${shown(figure(field, value))}`),
        `input: ${printable(JSON.stringify(input))}`,
        `output: ${printable(JSON.stringify(output))}`,
        ...(typeof traceback === "string" ? ["traceback:", printable(traceback.trimEnd())] : []),
        ...(Array.isArray(logs) && logs.length > 0
          ? ["logs:", ...logs.map((line) => printable(String(line)))]
          : []),
      ]);
    });
}

/** Of texts a cost alone is a number: an error may look like one. */
function figure(field: string, value: unknown): unknown {
  return typeof value === "string" && field !== "cost" ? value : rounded(value);
}
