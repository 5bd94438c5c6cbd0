import { Badge, Stack, Text } from "@grafana/ui";
import type { TopicDetails } from "../api/types";
import { Facts } from "../components/Facts";
import { count, NONE, seconds, time } from "../components/format";
import { type Column, Table } from "../components/Table";
import { FunctionLink, type Reader } from "./Readers";
import { describeRetention } from "./retention";

/** What a topic holds, who reads it and who writes it. */
export function TopicOverview({ topic }: { topic: TopicDetails }) {
  const { readers, writers, partitions } = topic;
  return (
    <Stack direction="column" gap={3}>
      <Facts
        facts={[
          ["Events", topic.events.toLocaleString()],
          ["Published per second", count(topic.eventsPerSecond)],
          [
            "Oldest event",
            topic.oldestAt === null
              ? NONE
              : `${time(topic.oldestAt)}, ${seconds(topic.oldestAgeSeconds)} old`,
          ],
          ["Kept", describeRetention(topic.retention)],
          [
            "Written by",
            writers.length === 0
              ? "no function; any program may publish to it"
              : writers.map((name, index) => (
                  <span key={name}>
                    {index > 0 && ", "}
                    <FunctionLink name={name} />
                  </span>
                )),
          ],
        ]}
      />
      <section aria-label="Readers">
        <Stack direction="column" gap={1}>
          <Text element="h3" variant="h5">
            Read by
          </Text>
          {readers.length === 0 ? (
            <Text color="secondary">
              No function reads it yet. Give one the trigger “Topic: each event” with this topic's name.
            </Text>
          ) : (
            <Table
              label={`Readers of ${topic.name}`}
              columns={READER_COLUMNS}
              items={readers}
              keyOf={(reader) => reader.function}
              empty=""
            />
          )}
        </Stack>
      </section>
      <section aria-label="Partitions">
        <Stack direction="column" gap={1}>
          <Text element="h3" variant="h5">
            Partitions
          </Text>
          <Table
            label={`Partitions of ${topic.name}`}
            columns={PARTITION_COLUMNS}
            items={partitions}
            keyOf={({ number }) => String(number)}
            maxHeight={320}
            empty="It has none."
          />
        </Stack>
      </section>
    </Stack>
  );
}

const READER_COLUMNS: readonly Column<Reader>[] = [
  {
    title: "Function",
    width: "minmax(10rem, 2fr)",
    cell: (reader) => <FunctionLink name={reader.function} />,
  },
  {
    title: "Behind by",
    width: "9rem",
    isNumber: true,
    cell: ({ lagEvents }) => `${lagEvents.toLocaleString()} ${lagEvents === 1 ? "event" : "events"}`,
  },
  {
    title: "State",
    width: "9rem",
    cell: ({ isPaused, lagEvents }) =>
      isPaused ? (
        <Badge color="orange" icon="pause" text="Paused" />
      ) : lagEvents === 0 ? (
        <Badge color="green" icon="check" text="Up to date" />
      ) : (
        <Badge color="blue" icon="clock-nine" text="Behind" />
      ),
  },
  {
    title: "Dropped unread",
    width: "10rem",
    isNumber: true,
    cell: ({ droppedEvents }) => droppedEvents.toLocaleString(),
  },
  { title: "Began with", width: "8rem", cell: ({ start }) => `the ${start}` },
  { title: "Class", width: "8rem", cell: (reader) => reader.class ?? "its own" },
];

const PARTITION_COLUMNS: readonly Column<TopicDetails["partitions"][number]>[] = [
  { title: "Partition", width: "7rem", isNumber: true, cell: ({ number }) => number },
  { title: "Events", width: "9rem", isNumber: true, cell: ({ events }) => events.toLocaleString() },
  { title: "Newest position", width: "minmax(10rem, 1fr)", cell: ({ newest }) => newest ?? NONE },
];
