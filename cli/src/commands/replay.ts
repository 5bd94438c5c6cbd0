import { setTimeout as sleep } from "node:timers/promises";
import { type Command, Option } from "commander";
import { atLeastOne, time } from "../arguments.ts";
import type { Context } from "../context.ts";
import { CommandFailure } from "../failure.ts";
import { shown } from "../output.ts";

const LOOK_MILLISECONDS = 500;
const UNDER_WAY: ReadonlySet<unknown> = new Set(["waiting", "running"]);

/** What the server says of a replay. */
interface Replay extends Readonly<Record<string, unknown>> {
  readonly id: string;
  readonly status: string;
}

interface ReplayOptions {
  readonly with: string;
  readonly from?: string;
  readonly to?: string;
  readonly most: number;
  readonly env: string;
}

export function addReplay(program: Command, context: Context): void {
  program
    .command("replay <function>")
    .description("run recorded inputs through another version, and show what came out otherwise")
    .requiredOption("--with <version>", "the version to try: its number or an alias")
    .option(
      "--from <time>",
      "inputs of runs that were queued then or later: a time, or how long ago, such as 2h",
      time,
    )
    .option("--to <time>", "and before then", time)
    .option("--most <number>", "so many inputs at most", atLeastOne, 100)
    .addOption(
      new Option("--env <kind>", "the env to begin with").choices(["fresh", "copied"]).default("fresh"),
    )
    .action(async (name: string, { with: version, from, to, most, env }: ReplayOptions) => {
      const { output } = context;
      const client = await context.client();
      const body = { version: /^\d+$/.test(version) ? Number(version) : version, from, to, limit: most, env };
      const path = `/functions/${encodeURIComponent(name)}/replays`;
      let replay = await client.ask<Replay>("POST", path, { body });
      output.progress(`replay ${replay.id} of ${name} is under way …`);
      while (UNDER_WAY.has(replay.status)) {
        await sleep(LOOK_MILLISECONDS);
        replay = await client.ask<Replay>("GET", `/replays/${encodeURIComponent(replay.id)}`);
      }
      if (replay.status !== "completed") {
        throw new CommandFailure("failed", `the replay ${replay.status}: ${shown(replay.error)}`, replay);
      }
      output.result(replay, () =>
        Object.entries(replay).map(([field, value]) => `${field}: ${shown(value)}`),
      );
    });
}
