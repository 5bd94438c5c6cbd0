import { setTimeout as sleep } from "node:timers/promises";
import { type Command, Option } from "commander";
import { time, upToOnePage } from "../arguments.ts";
import type { Context } from "../context.ts";
import { CommandFailure } from "../failure.ts";
import { rounded, shown } from "../output.ts";
import { versionNumber } from "../version-number.ts";

const LOOK_MILLISECONDS = 500;

/** What a recorded input came to, in one version or the other. */
interface Outcome {
  readonly status: string;
  readonly error: string | null;
}

/** What the server says of a replay. */
interface Replay {
  readonly id: string;
  readonly status: string;
  readonly error: string | null;
  readonly total: number;
  readonly done: number;
  readonly skipped: number;
  readonly equal: number;
  readonly different: number;
  readonly oldFailures: number;
  readonly newFailures: number;
  readonly oldRunSeconds: number;
  readonly newRunSeconds: number;
  readonly runs: readonly {
    readonly run: string;
    readonly isEqual: boolean;
    readonly differences: readonly { readonly path: string; readonly old: unknown; readonly new: unknown }[];
    readonly old: Outcome;
    readonly new: Outcome;
  }[];
}

interface ReplayOptions {
  readonly with: string;
  readonly run?: readonly string[];
  readonly from?: string;
  readonly to?: string;
  readonly most: number;
  readonly env: string;
  readonly publish?: true;
}

export function addReplay(program: Command, context: Context): void {
  program
    .command("replay <function>")
    .description("run recorded inputs through another version, and show what comes out otherwise")
    .requiredOption("--with <version>", "the version to try: its number or an alias")
    .option("--run <ids...>", "inputs of these runs")
    .option(
      "--from <time>",
      "of runs that were queued then or later: a time, or how long ago, such as 2h",
      time,
    )
    .option("--to <time>", "of runs that were queued before", time)
    .option("--most <number>", "so many at most, the oldest ones; up to 1,000", upToOnePage, 100)
    .addOption(
      new Option("--env <kind>", "begin with an empty env, or with a copy of what is stored")
        .choices(["fresh", "copy"])
        .default("fresh"),
    )
    .option("--publish", "publish what comes out to the function's topics: fills in what was missed")
    .action(async (name: string, options: ReplayOptions) => {
      const { output } = context;
      const client = await context.client();
      const path = `/functions/${encodeURIComponent(name)}`;
      const { run: runs, from, to, most: limit, env, publish } = options;
      const version = await versionNumber(client, name, options.with);
      const body = { version, runs, from, to, limit, env, write: publish };
      let replay = await client.ask<Replay>("POST", `${path}/replays`, { body });
      while (replay.status === "running") {
        output.progress(`${replay.done} of ${replay.total} inputs …`);
        await sleep(LOOK_MILLISECONDS);
        replay = await client.ask<Replay>("GET", `/replays/${encodeURIComponent(replay.id)}`);
      }
      if (replay.status !== "completed") {
        throw new CommandFailure("failed", `the replay is ${replay.status}: ${shown(replay.error)}`, {
          ...replay,
        });
      }
      output.result(replay, () => linesOf(replay));
    });
}

function linesOf(replay: Replay): string[] {
  const { done, equal, different, skipped, oldFailures, newFailures, oldRunSeconds, newRunSeconds } = replay;
  return [
    `${done} inputs: ${equal} came to the same, ${different} did not, ${skipped} were not recorded whole`,
    `failures: ${oldFailures} before, ${newFailures} now`,
    `seconds in the handler: ${shown(rounded(oldRunSeconds))} before, ${shown(rounded(newRunSeconds))} now`,
    ...replay.runs
      .filter(({ isEqual }) => !isEqual)
      .flatMap((run) => [
        `run ${run.run}: ${outcomeOf(run.old)} before, ${outcomeOf(run.new)} now`,
        ...run.differences.map((each) => `  ${shown(each.path)}: ${shown(each.old)} → ${shown(each.new)}`),
      ]),
  ];
}

function outcomeOf({ status, error }: Outcome): string {
  return error === null ? status : `${status} (${shown(error)})`;
}
