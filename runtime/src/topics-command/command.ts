import type { Readable } from "node:stream";
import { parseBytes, parseDuration } from "@gaugelet/shared/units";
import { Command, InvalidArgumentError } from "commander";
import { type Headers, TopicError } from "../topics/topics.ts";
import { withPlace } from "./place.ts";
import { publishLines } from "./publish-lines.ts";
import { lagLine, letterLines, topicLines } from "./show.ts";

/** Letters that are shown where nobody says how many. */
const SHOWN_LETTERS = 20;

/**
 * What can be done with topics and with what functions could not handle, from a shell.
 *
 * @param environment says where Redis and Kafka are, as it does for the runtime.
 */
export function topicsCommand(
  environment: NodeJS.ProcessEnv,
  input: Readable,
  print: (text: string) => void,
): Command {
  const program = new Command("topics")
    .description("Topics, and the events that functions could not handle")
    .exitOverride()
    .configureOutput({ writeOut: print });
  const say = (line: string): void => print(`${line}\n`);

  program
    .command("list")
    .description("the names of all topics")
    .action(() =>
      withPlace(environment, async ({ topics }) => {
        for (const name of await topics.list()) say(name);
      }),
    );

  program
    .command("create <topic>")
    .description("make a topic")
    .option("--partitions <number>", "partitions, on Kafka", integer)
    .option("--keep-for <duration>", "keep events for so long, such as 7d", duration)
    .option("--keep-events <number>", "keep so many events, on Redis", integer)
    .option("--keep-bytes <size>", "keep so much of each partition, such as 1Gi, on Kafka", bytes)
    .action((topic: string, options: CreateOptions) =>
      withPlace(environment, async ({ topics }) => {
        const { partitions, keepFor: seconds, keepEvents: events, keepBytes } = options;
        const retention = {
          ...(seconds !== undefined && { seconds }),
          ...(events !== undefined && { events }),
          ...(keepBytes !== undefined && { bytes: keepBytes }),
        };
        await topics.create(topic, { partitions, retention });
        say(`topic ${topic} made`);
      }),
    );

  program
    .command("describe <topic>")
    .description("partitions, events and how long they are kept")
    .action((topic: string) =>
      withPlace(environment, async ({ topics }) => {
        for (const line of topicLines(await topics.describe(topic))) say(line);
      }),
    );

  program
    .command("delete <topic>")
    .description("delete a topic and all its events")
    .action((topic: string) =>
      withPlace(environment, async ({ topics }) => {
        await topics.delete(topic);
        say(`topic ${topic} deleted`);
      }),
    );

  program
    .command("publish <topic> [event]")
    .description("publish an event, or each line of the standard input")
    .option("--key <text>", "events with one key stay in order")
    .option("--header <name=value>", "a header; may be said several times", header, {})
    .action((topic: string, event: string | undefined, options: PublishOptions) =>
      withPlace(environment, async ({ topics }) => {
        const { key = null, header: headers } = options;
        const lines = event === undefined ? input : [event];
        const count = await publishLines(topics, topic, lines, key, headers).catch((error: unknown) => {
          if (!(error instanceof TopicError && error.code === "unknown-topic")) throw error;
          const message = `${error.message}: make it first, with "topics create ${topic}"`;
          throw new TopicError(error.code, message, { cause: error });
        });
        say(count === 1 ? "1 event published" : `${count} events published`);
      }),
    );

  program
    .command("lag <function> <topics...>")
    .description("how many events of topics a function has not handled")
    .action((name: string, names: string[]) =>
      withPlace(environment, async ({ topics, requireKnown }) => {
        await requireKnown(name);
        const lags = await topics.lag(name, names);
        for (const lag of lags) say(lagLine(lag));
        const missing = names.filter((each) => !lags.some(({ topic }) => topic === each));
        if (missing.length > 0) {
          throw new TopicError("unknown-topic", `there is no topic ${missing.join(", ")}`);
        }
      }),
    );

  program
    .command("dead <function>")
    .description("events that a function could not handle, oldest first")
    .option("--most <number>", "show so many", integer, SHOWN_LETTERS)
    .option("--after <id>", "begin after this one", letterId, "")
    .action((name: string, { most, after }: { most: number; after: string }) =>
      withPlace(environment, async ({ deadLetters, requireKnown }) => {
        const letters = await deadLetters.list(name, most, after);
        if (letters.length === 0) await requireKnown(name);
        for (const letter of letters) for (const line of letterLines(letter)) say(line);
        const left = (await deadLetters.count(name)) - letters.length;
        if (letters.length === 0) say(`${name} has no dead letters`);
        else if (left > 0) say(`${left} more; --after ${letters.at(-1)?.id} shows the next`);
      }),
    );

  program
    .command("replay <function> [ids...]")
    .description("let a function handle dead letters once more")
    .option("--all", "all of them")
    .action((name: string, ids: string[], { all }: { all?: true }) => {
      requireIdsOrAll(program, ids, all);
      return withPlace(environment, async ({ deadLetters, requireKnown }) => {
        if ((await deadLetters.count(name)) === 0) await requireKnown(name);
        const left: string[] = [];
        for (const id of ids) if (!(await deadLetters.replay(name, id))) left.push(id);
        const replayed = all ? await deadLetters.replayAll(name) : ids.length - left.length;
        say(`${replayed} replayed`);
        if (left.length > 0)
          throw new Error(`cannot replay ${left.join(", ")}: ${name} has no such dead letter of a topic`);
      });
    });

  program
    .command("drop <function> [ids...]")
    .description("forget dead letters")
    .option("--all", "all of them")
    .action((name: string, ids: string[], { all }: { all?: true }) => {
      requireIdsOrAll(program, ids, all);
      return withPlace(environment, async ({ deadLetters, requireKnown }) => {
        if ((await deadLetters.count(name)) === 0) await requireKnown(name);
        const dropped = all ? await deadLetters.dropAll(name) : await deadLetters.drop(name, ids);
        say(`${dropped} dropped`);
        const missing = all ? 0 : new Set(ids).size - dropped;
        if (missing > 0) throw new Error(`cannot drop ${missing} of them: ${name} has no such dead letter`);
      });
    });
  return program;
}

interface CreateOptions {
  readonly partitions?: number;
  readonly keepFor?: number;
  readonly keepEvents?: number;
  readonly keepBytes?: number;
}

interface PublishOptions {
  readonly key?: string;
  readonly header: Headers;
}

function requireIdsOrAll(program: Command, ids: readonly string[], all: true | undefined): void {
  if (ids.length > 0 === (all === true)) {
    program.error("error: say the ids of letters, as `topics dead` shows them, or --all");
  }
}

function integer(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError("expected a number above 0");
  return value;
}

function letterId(text: string): string {
  if (!/^\d+-\d+$/.test(text)) throw new InvalidArgumentError("expected an id as `topics dead` shows it");
  return text;
}

function duration(text: string): number {
  const seconds = parseDuration(text);
  if (seconds === undefined) throw new InvalidArgumentError("expected a duration such as 90m or 7d");
  return seconds;
}

function bytes(text: string): number {
  const value = parseBytes(text);
  if (value === undefined) throw new InvalidArgumentError("expected a size such as 512Mi or 1Gi");
  return value;
}

function header(text: string, before: Headers): Headers {
  const at = text.indexOf("=");
  if (at < 1) throw new InvalidArgumentError("expected name=value");
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}
