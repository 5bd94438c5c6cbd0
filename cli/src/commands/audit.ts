import type { Command } from "commander";
import { atLeastOne, time } from "../arguments.ts";
import type { Context } from "../context.ts";

interface Entry {
  readonly at: string;
  readonly user: string;
  readonly action: string;
  readonly target: string;
  readonly details: Readonly<Record<string, unknown>>;
  readonly address: string;
}

export function addAudit(program: Command, context: Context): void {
  program
    .command("audit")
    .description("who changed what, newest first; administrators may")
    .option("--user <user>", "what a user did")
    .option("--action <name>", "of a kind, such as function.deploy")
    .option("--target <name>", "what was done to this")
    .option("--from <time>", "then or later: a time, or how long ago, such as 2h", time)
    .option("--to <time>", "before", time)
    .option("--most <number>", "so many at most", atLeastOne, 20)
    .action(async ({ most, ...filter }: { most: number; [name: string]: string | number }) => {
      const items = await (await context.client()).list<Entry>("/audit", filter, most);
      context.output.table(
        items,
        [
          { title: "AT", value: ({ at }) => at },
          { title: "USER", value: ({ user }) => user },
          { title: "ACTION", value: ({ action }) => action },
          { title: "TARGET", value: ({ target }) => target },
          { title: "FROM", value: ({ address }) => address },
          { title: "DETAILS", value: ({ details }) => (Object.keys(details).length > 0 ? details : null) },
        ],
        "nothing was changed",
      );
    });
}
