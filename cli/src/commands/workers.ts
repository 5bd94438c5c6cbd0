import type { Command } from "commander";
import { atLeastOne, upToOnePage } from "../arguments.ts";
import type { Context } from "../context.ts";
import { rounded, shown } from "../output.ts";

interface FunctionWorkers {
  readonly function: string;
  readonly state: string;
  readonly reason: string | null;
  readonly version: string;
  readonly min: number;
  readonly max: number;
  readonly target: number;
  readonly ready: number;
  readonly utilization: number;
  readonly waitingEvents: number;
}

interface Decision {
  readonly function: string;
  readonly at: string;
  readonly from: number;
  readonly to: number;
  readonly reason: string;
}

interface ListOptions {
  readonly function?: string;
  readonly most: number;
}

export function addWorkers(program: Command, context: Context): void {
  const workers = program
    .command("workers")
    .description("look at the processes that functions run in, of the runtime that answers");

  workers
    .command("list", { isDefault: true })
    .description("workers of each function")
    .option("--function <name>", "of a function")
    .option("--most <number>", "of so many functions at most", atLeastOne, 1_000)
    .action(async ({ most, function: name }: ListOptions) => {
      const items = await (await context.client()).list<FunctionWorkers>(
        "/workers",
        { function: name },
        most,
      );
      context.output.table(
        items,
        [
          { title: "FUNCTION", value: (row) => row.function },
          { title: "STATE", value: ({ state }) => state },
          { title: "READY", value: ({ ready }) => ready },
          { title: "WANTED", value: ({ target }) => target },
          { title: "LEAST", value: ({ min }) => min },
          { title: "MOST", value: ({ max }) => max },
          { title: "BUSY", value: ({ utilization }) => `${shown(rounded(utilization * 100))} %` },
          { title: "WAITING", value: ({ waitingEvents }) => waitingEvents },
          { title: "CODE", value: ({ version }) => version },
          { title: "PROBLEM", value: ({ reason }) => reason },
        ],
        "no workers",
      );
    });

  workers
    .command("decisions")
    .description("why there are more workers or fewer than before, newest first")
    .option("--function <name>", "of a function")
    .option("--most <number>", "so many at most, up to 1,000", upToOnePage, 20)
    .action(async ({ most: limit, function: name }: ListOptions) => {
      const { items } = await (await context.client()).ask<{ items: Decision[] }>(
        "GET",
        "/workers/decisions",
        { query: { function: name, limit } },
      );
      context.output.table(
        items,
        [
          { title: "AT", value: ({ at }) => at },
          { title: "FUNCTION", value: (row) => row.function },
          { title: "BEFORE", value: ({ from }) => from },
          { title: "THEN", value: ({ to }) => to },
          { title: "WHY", value: ({ reason }) => reason },
        ],
        "no decisions",
      );
    });
}
