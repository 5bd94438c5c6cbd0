import type { Command } from "commander";
import { atLeastOne } from "../arguments.ts";
import type { Context } from "../context.ts";
import { CommandFailure } from "../failure.ts";

interface Letter {
  readonly id: string;
  readonly failedAt: string;
  readonly error: string;
  readonly attempts: number;
  readonly source: string;
  /** Null where it came from none. */
  readonly topic: string | null;
  readonly partition: number | null;
  readonly value: unknown;
  /** What the event is where it is no JSON, or too long to be shown. */
  readonly text: string | null;
}

interface AllOption {
  readonly all?: true;
}

const MOST_CHARACTERS = 200;

export function addDeadLetters(program: Command, context: Context): void {
  const letters = program
    .command("dead-letters")
    .description("look at events that a function could not handle, have them handled again, forget them");

  letters
    .command("list <function>", { isDefault: true })
    .description("events that a function could not handle, oldest first")
    .option("--most <number>", "so many at most", atLeastOne, 20)
    .action(async (name: string, { most }: { most: number }) => {
      const items = await (await context.client()).list<Letter>(pathOf(name), {}, most);
      context.output.table(
        items,
        [
          { title: "ID", value: ({ id }) => id },
          { title: "FAILED", value: ({ failedAt }) => failedAt },
          { title: "FROM", value: placeOf },
          { title: "ATTEMPTS", value: ({ attempts }) => attempts },
          { title: "ERROR", value: ({ error }) => shortened(error) },
          { title: "EVENT", value: ({ value, text }) => shortened(text ?? JSON.stringify(value)) },
        ],
        `${name} has no dead letters`,
      );
    });

  letters
    .command("replay <function> [ids...]")
    .description("have a function handle dead letters once more; those that came from no topic stay")
    .option("--all", "all of them")
    .action(async (name: string, ids: string[], { all }: AllOption) => {
      requireIdsOrAll(ids, all);
      const client = await context.client();
      const paths = all ? [`${pathOf(name)}/replay`] : ids.map((id) => `${pathOf(name, id)}/replay`);
      let replayed = 0;
      for (const path of paths) replayed += (await client.ask<{ replayed: number }>("POST", path)).replayed;
      context.output.result({ replayed }, () => [`${replayed} replayed`]);
    });

  letters
    .command("drop <function> [ids...]")
    .description("forget dead letters")
    .option("--all", "all of them")
    .action(async (name: string, ids: string[], { all }: AllOption) => {
      requireIdsOrAll(ids, all);
      const client = await context.client();
      for (const id of ids) await client.ask("DELETE", pathOf(name, id));
      const dropped = all
        ? (await client.ask<{ dropped: number }>("DELETE", pathOf(name))).dropped
        : ids.length;
      context.output.result({ dropped }, () => [`${dropped} dropped`]);
    });
}

function pathOf(name: string, id?: string): string {
  const path = `/functions/${encodeURIComponent(name)}/dead-letters`;
  return id === undefined ? path : `${path}/${encodeURIComponent(id)}`;
}

function placeOf({ topic, partition, source }: Letter): string {
  return topic === null ? source : `${topic}/${partition}`;
}

function requireIdsOrAll(ids: readonly string[], all: true | undefined): void {
  if (ids.length > 0 === (all === true)) {
    throw new CommandFailure("usage", "say the ids of letters, as dead-letters list shows them, or --all");
  }
}

function shortened(text: string): string {
  return text.length <= MOST_CHARACTERS ? text : `${text.slice(0, MOST_CHARACTERS)}…`;
}
