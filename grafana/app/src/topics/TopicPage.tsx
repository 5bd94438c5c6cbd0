import { PluginPage } from "@grafana/runtime";
import { Alert, Button, Stack, Tab, TabContent, TabsBar } from "@grafana/ui";
import { useState } from "react";
import { useParams } from "react-router-dom";
import { mayAs } from "../api/role";
import type { TopicDetails } from "../api/types";
import { useAsk } from "../api/use-ask";
import { Loaded } from "../components/Loaded";
import { PageTitle } from "../components/PageTitle";
import { Problem } from "../components/Problem";
import { useDoing } from "../components/use-doing";
import { useQueryState } from "../components/use-query-state";
import { APP_PATH } from "../constants";
import { DeadLetters } from "./DeadLetters";
import { DeleteTopic } from "./DeleteTopic";
import type { DraftEvent } from "./draft-event";
import { NewestEvents } from "./NewestEvents";
import { NewTopicDrawer } from "./NewTopicDrawer";
import { SendTab } from "./SendTab";
import { TopicOverview } from "./TopicOverview";
import { totalOf, useLetterCounts } from "./use-letter-counts";

const LOOK_SECONDS = 3;

/** One topic: what is in it, who reads it, and how events get in. */
export default function TopicPage() {
  const { name = "" } = useParams();
  const asked = useAsk<TopicDetails>(`/topics/${name}`, {}, LOOK_SECONDS);
  const deleting = useDoing();
  const isMissing = asked.error?.code === "not-found";
  return (
    <PluginPage
      pageNav={{ text: name, parentItem: { text: "Topics", url: `${APP_PATH}/topics` } }}
      renderTitle={(title) => <PageTitle title={title} />}
      actions={
        mayAs("editor") && asked.data !== undefined && <DeleteTopic topic={asked.data} doing={deleting} />
      }
    >
      {deleting.error !== undefined && <Problem error={deleting.error} title="The topic was not deleted" />}
      {isMissing ? (
        <MissingTopic name={name} />
      ) : (
        <Loaded asked={asked}>{(topic) => <Topic key={topic.name} topic={topic} />}</Loaded>
      )}
    </PluginPage>
  );
}

function Topic({ topic }: { topic: TopicDetails }) {
  const [{ tab }, setTab] = useQueryState(["tab"]);
  const [draft, setDraft] = useState<DraftEvent>();
  const isEditor = mayAs("editor");
  const { counts, recount } = useLetterCounts(isEditor ? topic.readers.map((reader) => reader.function) : []);
  const tabs = [
    { id: "", label: "Overview" },
    ...(isEditor ? [{ id: "events", label: "Newest events" }] : []),
    { id: "send", label: "Send events" },
    ...(isEditor ? [{ id: "dead-letters", label: "Dead letters", counter: totalOf(counts) || null }] : []),
  ];
  const shown = tabs.find(({ id }) => id === tab) ?? tabs[0];
  return (
    <Stack direction="column" gap={2}>
      <TabsBar>
        {tabs.map(({ id, label, ...others }) => (
          <Tab
            key={id}
            label={label}
            active={shown?.id === id}
            href={`${APP_PATH}/topics/${topic.name}${id === "" ? "" : `?tab=${id}`}`}
            onChangeTab={(event) => {
              event?.preventDefault();
              setTab({ tab: id });
            }}
            {...others}
          />
        ))}
      </TabsBar>
      <TabContent>
        {shown?.id === "" && <TopicOverview topic={topic} />}
        {shown?.id === "events" && (
          <NewestEvents
            topic={topic}
            onDraft={(event) => {
              setDraft(event);
              setTab({ tab: "send" });
            }}
          />
        )}
        {shown?.id === "send" && <SendTab topic={topic} draft={draft} />}
        {shown?.id === "dead-letters" && <DeadLetters topic={topic} counts={counts} onChanged={recount} />}
      </TabContent>
    </Stack>
  );
}

function MissingTopic({ name }: { name: string }) {
  const [isMaking, setMaking] = useState(false);
  return (
    <>
      <Alert severity="warning" title={`There is no topic ${name}`}>
        <p>It was deleted, or it was never made.</p>
        {mayAs("editor") && (
          <Button size="sm" icon="plus" onClick={() => setMaking(true)}>
            Make it
          </Button>
        )}
      </Alert>
      {isMaking && <NewTopicDrawer name={name} onClose={() => setMaking(false)} />}
    </>
  );
}
