import { PluginPage } from "@grafana/runtime";
import { Button, EmptyState, FilterInput, Stack, TextLink } from "@grafana/ui";
import { useState } from "react";
import { mayAs } from "../api/role";
import type { TopicDetails } from "../api/types";
import { count, NONE, seconds } from "../components/format";
import { Problem } from "../components/Problem";
import { type Column, Table } from "../components/Table";
import { useQueryState } from "../components/use-query-state";
import { APP_PATH } from "../constants";
import { NewTopicDrawer } from "./NewTopicDrawer";
import { FunctionLink, greatestLag, Readers } from "./Readers";
import { describeRetention } from "./retention";
import { useTopics } from "./use-topics";

/** All topics: what comes in, and whether those who read keep up. */
export default function TopicsPage() {
  const [{ text }, setFilter] = useQueryState(["text"]);
  const [isMaking, setMaking] = useState(false);
  const topics = useTopics();
  const wanted = text.toLowerCase();
  const shown = (topics.data ?? []).filter(({ name }) => name.toLowerCase().includes(wanted));
  const create = (
    <Button icon="plus" onClick={() => setMaking(true)}>
      New topic
    </Button>
  );
  return (
    <PluginPage
      subTitle="Streams of events: who publishes, who reads, and how far each is behind."
      actions={mayAs("editor") ? create : undefined}
    >
      <Stack direction="column" gap={2}>
        <FilterInput
          aria-label="Part of a name"
          placeholder="Part of a name"
          width={44}
          value={text}
          onChange={(value) => setFilter({ text: value })}
        />
        {topics.error !== undefined && <Problem error={topics.error} onRetry={topics.reload} />}
        {(topics.data !== undefined || topics.isLoading) && (
          <Table
            label="Topics"
            columns={COLUMNS}
            items={shown}
            keyOf={({ name }) => name}
            isLoading={topics.isLoading}
            empty={
              text !== "" && topics.data?.length !== 0 ? (
                "No topic has a name like that: change the filter."
              ) : (
                <EmptyState
                  variant="call-to-action"
                  message="There is no topic yet"
                  button={mayAs("editor") ? create : undefined}
                >
                  A topic takes in events, such as orders or measurements, and keeps them for a while.
                  Functions read it at their own pace, each event once, and are tried again where they fail.
                  {!mayAs("editor") && " An editor can make one."}
                </EmptyState>
              )
            }
          />
        )}
      </Stack>
      {isMaking && <NewTopicDrawer onClose={() => setMaking(false)} />}
    </PluginPage>
  );
}

const COLUMNS: readonly Column<TopicDetails>[] = [
  {
    title: "Name",
    width: "minmax(9rem, 9fr)",
    cell: ({ name }) => (
      <TextLink href={`${APP_PATH}/topics/${name}`} inline={false}>
        {name}
      </TextLink>
    ),
  },
  { title: "Events", width: "5rem", isNumber: true, cell: ({ events }) => count(events) },
  {
    title: "Per second",
    width: "7rem",
    isNumber: true,
    cell: ({ eventsPerSecond }) => count(eventsPerSecond),
  },
  {
    title: "Oldest",
    width: "7rem",
    isNumber: true,
    cell: ({ oldestAgeSeconds }) => seconds(oldestAgeSeconds),
  },
  { title: "Behind", width: "5.5rem", isNumber: true, cell: ({ readers }) => count(greatestLag(readers)) },
  { title: "Read by", width: "minmax(12rem, 12fr)", cell: ({ readers }) => <Readers readers={readers} /> },
  {
    title: "Written by",
    width: "minmax(9rem, 9fr)",
    cell: ({ writers }) =>
      writers.length === 0
        ? NONE
        : writers.map((name, index) => (
            <span key={name}>
              {index > 0 && ", "}
              <FunctionLink name={name} />
            </span>
          )),
  },
  {
    title: "Kept",
    width: "minmax(9rem, 9fr)",
    cell: ({ retention }) => <span title={describeRetention(retention)}>{describeRetention(retention)}</span>,
  },
];
