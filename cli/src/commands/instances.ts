import type { Command } from "commander";
import type { Context } from "../context.ts";
import { rounded, shown } from "../output.ts";

interface Instance {
  readonly id: string;
  readonly state: string;
  readonly address: string | null;
  readonly loadAverage: readonly number[];
  readonly memory: { readonly processBytes: number };
  readonly startedAt: string;
  readonly seenAt: string;
  readonly functionCount: number;
}

export function addInstances(program: Command, context: Context): void {
  const instances = program.command("instances").description("look at the runtimes that share a Redis");

  instances
    .command("list", { isDefault: true })
    .description("runtimes that there are")
    .action(async () => {
      const { items } = await (await context.client()).ask<{ items: Instance[] }>("GET", "/instances");
      context.output.table(
        items,
        [
          { title: "INSTANCE", value: ({ id }) => id },
          { title: "STATE", value: ({ state }) => state },
          { title: "ADDRESS", value: ({ address }) => address },
          { title: "FUNCTIONS", value: ({ functionCount }) => functionCount },
          { title: "MEMORY", value: ({ memory }) => `${Math.round(memory.processBytes / 1024 ** 2)} MiB` },
          { title: "LOAD", value: ({ loadAverage }) => rounded(loadAverage[0]) },
          { title: "STARTED", value: ({ startedAt }) => startedAt },
          { title: "SEEN", value: ({ seenAt }) => seenAt },
        ],
        "no instances",
      );
    });

  instances
    .command("show <instance>")
    .description("all about a runtime: its machine, and the functions it has")
    .action(async (id: string) => {
      const path = `/instances/${encodeURIComponent(id)}`;
      const instance = await (await context.client()).ask<Record<string, unknown>>("GET", path);
      context.output.result(instance, () =>
        Object.entries(instance).map(([field, value]) => `${field}: ${shown(rounded(value))}`),
      );
    });
}
