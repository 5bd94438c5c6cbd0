import { z } from "zod";
import { recordAudit } from "../../access/audit.ts";
import type { FunctionDefinition } from "../../configuration/manifest.ts";
import type { Database } from "../../database/database.ts";
import { withEventId, withPublisher } from "../../topics/headers.ts";
import { overviewOf, overviewsOf, type TopicOverview } from "../../topics/overview.ts";
import { TopicRates } from "../../topics/rates.ts";
import type { NewEvent, Topics } from "../../topics/topics.ts";
import {
  eventView,
  type GivenEvent,
  newEvents,
  newTopic,
  published,
  topicName,
  topicView,
} from "../contract/topics.ts";
import { withEngineProblems } from "../engine-problems.ts";
import { pageOf, pageQuery, readCursor, writeCursor } from "../pages.ts";
import { type Route, route } from "../route.ts";
import { shownBytes } from "../shown-bytes.ts";

const TAG = "Topics";
/** As much as one call takes. */
const MOST_BODY_BYTES = 16 * 1024 ** 2;
const byName = z.object({ name: topicName });

/** What {@link topicRoutes} need. */
export interface TopicRouteParts {
  readonly db: Database;
  /** Opens the engine where nothing has yet. */
  readonly topics: () => Promise<Topics>;
  /** Of all functions that are known here. */
  readonly definitions: () => readonly FunctionDefinition[];
}

/** Topics and their events. */
export function topicRoutes({ db, topics, definitions }: TopicRouteParts): Route[] {
  const rates = new TopicRates();
  return [
    route(
      {
        method: "get",
        path: "/topics",
        operationId: "listTopics",
        tag: TAG,
        summary: "Topics, in the order of their names, with how far functions are behind",
        role: "viewer",
        query: z.object(pageQuery),
        status: 200,
        answer: pageOf(topicView),
        problems: [],
      },
      ({ query: { limit, after } }) =>
        withEngineProblems(async () => {
          const engine = await topics();
          const last = readCursor(z.string(), after) ?? "";
          const names = (await engine.list()).filter((name) => name > last);
          const page = names.slice(0, limit);
          const found = await overviewsOf(engine, page, definitions(), rates);
          const next = names.length > page.length ? writeCursor(page.at(-1) ?? "") : null;
          return { items: found.map(viewOf), next };
        }),
    ),
    route(
      {
        method: "post",
        path: "/topics",
        operationId: "createTopic",
        tag: TAG,
        summary: "Make a topic",
        role: "editor",
        body: newTopic,
        status: 201,
        answer: topicView,
        problems: ["conflict"],
      },
      ({ body: { name, partitions, retention }, caller }) =>
        withEngineProblems(async () => {
          const engine = await topics();
          await engine.create(name, { partitions, retention });
          await recordAudit(db, caller, "topic.create", name, { partitions, retention });
          return viewOf(await overviewOf(engine, name, definitions(), rates));
        }),
    ),
    route(
      {
        method: "get",
        path: "/topics/{name}",
        operationId: "getTopic",
        tag: TAG,
        summary: "A topic, with how far functions are behind",
        role: "viewer",
        params: byName,
        status: 200,
        answer: topicView,
        problems: ["not-found"],
      },
      ({ params: { name } }) =>
        withEngineProblems(async () => viewOf(await overviewOf(await topics(), name, definitions(), rates))),
    ),
    route(
      {
        method: "delete",
        path: "/topics/{name}",
        operationId: "deleteTopic",
        tag: TAG,
        summary: "Delete a topic and all its events",
        description: "Functions that read it wait for a new one of that name.",
        role: "editor",
        params: byName,
        status: 204,
        problems: ["not-found"],
      },
      ({ params: { name }, caller }) =>
        withEngineProblems(async () => {
          await (await topics()).delete(name);
          rates.forget(name);
          await recordAudit(db, caller, "topic.delete", name);
          return undefined;
        }),
    ),
    route(
      {
        method: "post",
        path: "/topics/{name}/events",
        operationId: "publishEvents",
        tag: TAG,
        summary: "Publish one event or several",
        description:
          "The answer comes when all of them are kept as safely as the topic can. Where it does not come, publish them again with the same `id`: none is handled twice.",
        role: "viewer",
        params: byName,
        body: newEvents,
        maxBodyBytes: MOST_BODY_BYTES,
        status: 202,
        answer: published,
        problems: ["not-found", "too-large"],
      },
      ({ caller, params: { name }, body: { events, ...one } }) =>
        withEngineProblems(async () => {
          const engine = await topics();
          // Redis would make one that is not there, which is not for everybody to do.
          if (engine.engine === "redis") await engine.describe(name);
          const given = events ?? [{ ...one, value: one.value }];
          return {
            positions: await engine.publish(
              name,
              given.map((each) => newEventOf(each, caller.user)),
            ),
          };
        }),
    ),
    route(
      {
        method: "get",
        path: "/topics/{name}/events",
        operationId: "listNewestEvents",
        tag: TAG,
        summary: "The newest events of a topic, newest first",
        role: "editor",
        params: byName,
        query: z.object({ limit: z.coerce.number().int().min(1).max(100).default(10) }),
        status: 200,
        answer: z.object({ items: z.array(eventView) }),
        problems: ["not-found"],
      },
      ({ params: { name }, query: { limit } }) =>
        withEngineProblems(async () => {
          const found = await (await topics()).peek(name, "newest", limit);
          return {
            items: found.map(({ partition, position, timestamp, key, headers, body }) => ({
              partition,
              position,
              publishedAt: new Date(timestamp).toISOString(),
              key: key?.toString() ?? null,
              headers: { ...headers },
              ...shownBytes(body),
            })),
          };
        }),
    ),
  ];
}

function newEventOf({ value, key, headers: given = {}, id }: GivenEvent, user: string): NewEvent {
  const headers = withPublisher(given, user);
  return {
    body: Buffer.from(JSON.stringify(value)),
    key: key === undefined ? null : Buffer.from(key),
    headers: id === undefined ? headers : withEventId(headers, id),
  };
}

function viewOf({ oldestAt, eventsPerSecond, readers, writers, ...topic }: TopicOverview) {
  return {
    name: topic.name,
    partitions: topic.partitions.map(({ number, events, newest }) => ({ number, events, newest })),
    events: topic.partitions.reduce((sum, { events }) => sum + events, 0),
    oldestAt: oldestAt === undefined ? null : new Date(oldestAt).toISOString(),
    oldestAgeSeconds: oldestAt === undefined ? null : Math.max(0, Date.now() - oldestAt) / 1000,
    eventsPerSecond: eventsPerSecond ?? null,
    retention: { ...topic.retention },
    readers: readers.map(({ function: name, trigger, lagEvents, droppedEvents }) => ({
      function: name,
      lagEvents,
      droppedEvents,
      start: trigger.start,
      class: trigger.class ?? null,
      isPaused: trigger.paused,
    })),
    writers: [...writers],
  };
}
