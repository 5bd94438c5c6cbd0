import { Button, Drawer, RadioButtonGroup, Stack, Text } from "@grafana/ui";
import { useState } from "react";
import type { Answer, NewestEvent, TopicDetails } from "../api/types";
import { useAsk } from "../api/use-ask";
import { Facts } from "../components/Facts";
import { NONE, time } from "../components/format";
import { Loaded } from "../components/Loaded";
import { type Column, Table } from "../components/Table";
import { type DraftEvent, draftLike } from "./draft-event";
import { EventDetails, EventLine } from "./EventDetails";

const LOOK_SECONDS = 3;
const LIMITS = ["10", "50", "100"].map((value) => ({ value, label: value }));

/** The newest events of a topic, as they come. */
export function NewestEvents({
  topic,
  onDraft,
}: {
  topic: TopicDetails;
  /** Called with what another event is to begin as. */
  onDraft: (draft: DraftEvent) => void;
}) {
  const [limit, setLimit] = useState("10");
  const [looked, setLooked] = useState<NewestEvent>();
  const asked = useAsk<Answer<"listNewestEvents">>(
    `/topics/${topic.name}/events`,
    { limit: Number(limit) },
    LOOK_SECONDS,
  );
  return (
    <Stack direction="column" gap={2}>
      <Stack gap={1} alignItems="center">
        <Text color="secondary">The newest</Text>
        <RadioButtonGroup
          aria-label="How many events are shown"
          size="sm"
          options={LIMITS}
          value={limit}
          onChange={setLimit}
        />
        <Text color="secondary">events, newest first; new ones show by themselves.</Text>
      </Stack>
      <Loaded asked={asked}>
        {({ items }) => (
          <Table
            label={`Newest events of ${topic.name}`}
            columns={columnsOf(topic.partitions.length > 1, setLooked)}
            items={items}
            keyOf={keyOf}
            empty="There is no event yet: send one."
          />
        )}
      </Loaded>
      {looked !== undefined && (
        <Drawer title="Event" subtitle={looked.position} size="md" onClose={() => setLooked(undefined)}>
          <Stack direction="column" gap={2}>
            <Facts
              facts={[
                ["Published", time(looked.publishedAt)],
                ["Partition", looked.partition],
                ["Position", looked.position],
                ["Key", looked.key ?? NONE],
              ]}
            />
            <EventDetails event={looked} />
            {looked.text === null && (
              <div>
                <Button variant="secondary" icon="pen" onClick={() => onDraft(draftLike(looked))}>
                  Send one like it
                </Button>
              </div>
            )}
          </Stack>
        </Drawer>
      )}
    </Stack>
  );
}

function keyOf({ partition, position }: NewestEvent): string {
  return `${partition}/${position}`;
}

function columnsOf(hasPartitions: boolean, onLook: (event: NewestEvent) => void): Column<NewestEvent>[] {
  const partition: Column<NewestEvent> = {
    title: "Partition",
    width: "6rem",
    isNumber: true,
    cell: (event) => event.partition,
  };
  return [
    { title: "Published", width: "12rem", cell: ({ publishedAt }) => time(publishedAt) },
    ...(hasPartitions ? [partition] : []),
    { title: "Position", width: "11rem", cell: ({ position }) => position },
    { title: "Key", width: "minmax(5rem, 5fr)", cell: ({ key }) => key ?? NONE },
    { title: "Event", width: "minmax(16rem, 30fr)", cell: (event) => <EventLine event={event} /> },
    {
      title: "In full",
      width: "6rem",
      cell: (event) => (
        <Button
          size="sm"
          variant="secondary"
          aria-label={`Look at event ${event.position}`}
          onClick={() => onLook(event)}
        >
          Look
        </Button>
      ),
    },
  ];
}
