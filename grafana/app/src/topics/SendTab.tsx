import { LoadingPlaceholder, RadioButtonGroup, Stack } from "@grafana/ui";
import { useState } from "react";
import { mayAs } from "../api/role";
import type { Answer, TopicDetails } from "../api/types";
import { useAsk } from "../api/use-ask";
import { json } from "../components/format";
import { Problem } from "../components/Problem";
import type { DraftEvent } from "./draft-event";
import { SendEvent } from "./SendEvent";
import { SendFile } from "./SendFile";

type What = "one" | "file";

/** Publish to a topic: an event that is written here, or all of a file. */
export function SendTab({ topic, draft }: { topic: TopicDetails; draft: DraftEvent | undefined }) {
  const [what, setWhat] = useState<What>("one");
  const maySee = mayAs("editor") && draft === undefined;
  const newest = useAsk<Answer<"listNewestEvents">>(maySee ? `/topics/${topic.name}/events` : undefined, {
    limit: 1,
  });
  const last = newest.data?.items[0];
  const isLastUseful = last !== undefined && last.text === null;
  const first = draft ?? { text: isLastUseful ? json(last.value) : "{}", key: "", headers: [] };
  return (
    <Stack direction="column" gap={2}>
      <div>
        <RadioButtonGroup
          aria-label="What is sent"
          options={[
            { value: "one", label: "One event" },
            { value: "file", label: "A file of events" },
          ]}
          value={what}
          onChange={setWhat}
        />
      </div>
      {newest.error !== undefined && <Problem error={newest.error} title="The last event cannot be seen" />}
      {/* What is written or under way stays when the other is looked at. */}
      <div hidden={what !== "file"}>
        <SendFile topic={topic} />
      </div>
      <div hidden={what !== "one"}>
        {newest.isLoading ? (
          <LoadingPlaceholder text="Looking at the last event…" />
        ) : (
          <SendEvent
            topic={topic}
            first={first}
            hint={
              draft !== undefined
                ? "It begins as the event that you chose."
                : isLastUseful
                  ? "It begins as the last event of the topic."
                  : ""
            }
          />
        )}
      </div>
    </Stack>
  );
}
