import { createInterface } from "node:readline";
import { type Command, InvalidArgumentError } from "commander";
import { atLeastOne, bytes, duration, nameAndValue } from "../arguments.ts";
import type { Client } from "../client.ts";
import type { Context } from "../context.ts";
import { CommandFailure } from "../failure.ts";
import { rounded, shown } from "../output.ts";
import { checkJson } from "../read-input.ts";

/** Of a batch that is published: the server takes 1,000 events and 16 MiB. */
const MOST_EVENTS = 500;
const MOST_CHARACTERS = 4 * 1024 ** 2;

interface Topic {
  readonly name: string;
  readonly partitions: readonly unknown[];
  readonly events: number;
  readonly oldestAgeSeconds: number | null;
  readonly eventsPerSecond: number | null;
  readonly readers: readonly { readonly function: string; readonly lagEvents: number }[];
  readonly writers: readonly string[];
}

interface CreateOptions {
  readonly partitions?: number;
  readonly keepFor?: number;
  readonly keepEvents?: number;
  readonly keepBytes?: number;
}

export function addTopics(program: Command, context: Context): void {
  const topics = program.command("topics").description("look at topics, make and delete them");

  topics
    .command("list", { isDefault: true })
    .description("topics, and how far functions are behind")
    .action(async () => {
      const items = await (await context.client()).list<Topic>("/topics", {}, 100_000);
      context.output.table(
        items,
        [
          { title: "TOPIC", value: ({ name }) => name },
          { title: "PARTITIONS", value: ({ partitions }) => partitions.length },
          { title: "EVENTS", value: ({ events }) => events },
          {
            title: "OLDEST",
            value: ({ oldestAgeSeconds: age }) => (age === null ? null : `${Math.round(age)} s`),
          },
          { title: "READ BY (LAG)", value: readersOf },
          { title: "WRITTEN BY", value: ({ writers }) => writers.join(", ") },
        ],
        "no topics",
      );
    });

  topics
    .command("show <topic>")
    .description("all about a topic")
    .action(async (name: string) => {
      const topic = await (await context.client()).ask<Topic>("GET", `/topics/${encodeURIComponent(name)}`);
      context.output.result(topic, () =>
        // A name may look like a number.
        Object.entries(topic).map(
          ([field, value]) => `${field}: ${shown(field === "name" ? value : rounded(value))}`,
        ),
      );
    });

  topics
    .command("create <topic>")
    .description("make a topic")
    .option("--partitions <number>", "partitions, on Kafka", atLeastOne)
    .option("--keep-for <duration>", "keep events for so long, such as 7d", duration)
    .option("--keep-events <number>", "keep so many events, on Redis", atLeastOne)
    .option("--keep-bytes <size>", "keep so much of each partition, such as 1Gi, on Kafka", bytes)
    .action(async (name: string, { partitions, keepFor, keepEvents, keepBytes }: CreateOptions) => {
      const retention = { seconds: keepFor, events: keepEvents, bytes: keepBytes };
      const body = { name, partitions, retention };
      const topic = await (await context.client()).ask("POST", "/topics", { body });
      context.output.result(topic, () => [`topic ${name} made`]);
    });

  topics
    .command("delete <topic>")
    .description("delete a topic and all its events")
    .action(async (name: string) => {
      await (await context.client()).ask("DELETE", `/topics/${encodeURIComponent(name)}`);
      context.output.result({ name, deleted: true }, () => [`topic ${name} deleted`]);
    });
}

interface PublishOptions {
  readonly key?: string;
  readonly id?: string;
  readonly header: Readonly<Record<string, string>>;
}

export function addPublish(program: Command, context: Context): void {
  program
    .command("publish <topic> [event]")
    .description("publish an event, or each line of the standard input: JSON, as a rule an object")
    .option("--key <text>", "events with one key stay in order")
    .option("--id <name>", "a name of the event: a second one of that name is not handled again", oneLine)
    .option("--header <name=value>", "a header; may be said several times", nameAndValue, {})
    .action(async (topic: string, event: string | undefined, { key, id, header }: PublishOptions) => {
      if (id !== undefined && event === undefined) {
        throw new CommandFailure("usage", "--id names one event: say the event as an argument");
      }
      const { world, output } = context;
      const client = await context.client();
      const about = JSON.stringify({ key, id, headers: header }).slice(1);
      const positions: string[] = [];
      let waiting: string[] = [];
      let characters = 0;
      const flush = async (): Promise<void> => {
        if (waiting.length > 0) positions.push(...(await publish(client, topic, waiting)));
        [waiting, characters] = [[], 0];
        output.progress(`${positions.length} events published`);
      };
      const lines = event === undefined ? createInterface({ input: world.input }) : [event];
      let number = 0;
      for await (const line of lines) {
        number += 1;
        if (line.trim() === "") continue;
        checkJson(
          line,
          event === undefined ? `line ${number}; ${positions.length} events are published` : "the event",
        );
        // As it was written: a number may have more digits than JavaScript keeps.
        waiting.push(`{"value":${line},${about}`);
        characters += line.length;
        if (waiting.length >= MOST_EVENTS || characters >= MOST_CHARACTERS) await flush();
      }
      await flush();
      output.result({ topic, positions }, () => [
        positions.length === 1 ? "1 event published" : `${positions.length} events published`,
      ]);
    });
}

async function publish(client: Client, topic: string, events: readonly string[]): Promise<string[]> {
  const body = `{"events":[${events.join(",")}]}`;
  const path = `/topics/${encodeURIComponent(topic)}/events`;
  return (await client.ask<{ positions: string[] }>("POST", path, { body })).positions;
}

function readersOf({ readers }: Topic): string {
  return readers.map(({ function: name, lagEvents }) => `${name} (${lagEvents})`).join(", ");
}

function oneLine(text: string): string {
  if (text === "" || text.length > 255) throw new InvalidArgumentError("expected 1 to 255 characters");
  return text;
}
