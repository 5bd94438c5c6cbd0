import { Button, Field, Input, RadioButtonGroup, Stack, Text } from "@grafana/ui";
import { useRef, useState } from "react";
import { ask } from "../api/client";
import type { Published, TopicDetails } from "../api/types";
import { Problem } from "../components/Problem";
import { TextEditor } from "../components/TextEditor";
import { useDoing } from "../components/use-doing";
import { Accepted } from "./Accepted";
import { type DraftEvent, eventBody, formFieldsOf, problemOfEvent, problemOfHeaders } from "./draft-event";
import { EventForm } from "./EventForm";
import { HeaderFields } from "./HeaderFields";
import { newId } from "./new-id";

type Way = "json" | "form";

/** Write one event and send it. */
export function SendEvent({ topic, first, hint }: { topic: TopicDetails; first: DraftEvent; hint: string }) {
  const [draft, setDraft] = useState(first);
  const [way, setWay] = useState<Way>("json");
  const [positions, setPositions] = useState<readonly string[]>();
  const doing = useDoing();
  // An event that is sent once more since no answer came has the name that it had.
  const unanswered = useRef<{ content: string; id: string }>(undefined);
  const change = (changes: Partial<DraftEvent>): void => {
    setDraft((last) => ({ ...last, ...changes }));
    setPositions(undefined);
    doing.forget();
  };
  const problem = problemOfEvent(draft.text);
  const fields = formFieldsOf(draft.text);
  const isReady = problem === undefined && problemOfHeaders(draft.headers) === undefined;

  const send = async (): Promise<void> => {
    setPositions(undefined);
    const content = JSON.stringify(draft);
    if (unanswered.current?.content !== content) unanswered.current = { content, id: newId() };
    const { id } = unanswered.current;
    await doing.run(async () => {
      const body = { ...eventBody(draft), id };
      const answer = await ask<Published>("POST", `/topics/${topic.name}/events`, { body });
      unanswered.current = undefined;
      setPositions(answer.positions);
    });
  };

  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      <Stack direction="column" gap={2}>
        <Stack gap={2} alignItems="center" wrap="wrap">
          <RadioButtonGroup
            aria-label="How the event is written"
            options={[
              { value: "json", label: "JSON" },
              { value: "form", label: "Form" },
            ]}
            disabledOptions={fields === undefined && way === "json" ? ["form"] : []}
            value={way}
            onChange={setWay}
          />
          <Text color="secondary">
            {fields === undefined && way === "json" && problem === undefined
              ? "There is a form where the event is an object of plain fields."
              : hint}
          </Text>
        </Stack>
        {way === "json" ? (
          <Field label="Event" invalid={problem !== undefined} error={problem} noMargin>
            <TextEditor
              value={draft.text}
              language="json"
              height={240}
              showLineNumbers
              showMiniMap={false}
              onChange={(text) => change({ text })}
              onBlur={(text) => text !== draft.text && change({ text })}
            />
          </Field>
        ) : (
          <EventForm first={fields ?? []} onChange={(text) => change({ text })} />
        )}
        <Field label="Key" description="Events with one key stay in order. It may be left out." noMargin>
          <Input
            id="gaugelet-event-key"
            width={40}
            maxLength={1_024}
            value={draft.key}
            onChange={({ currentTarget }) => change({ key: currentTarget.value })}
          />
        </Field>
        <HeaderFields headers={draft.headers} onChange={(headers) => change({ headers })} />
        <div>
          <Button
            type="submit"
            icon={doing.isBusy ? "spinner" : "upload"}
            disabled={!isReady || doing.isBusy}
          >
            {doing.isBusy ? "Sending…" : "Send the event"}
          </Button>
        </div>
        <div role="status">
          {doing.error !== undefined && (
            <Problem error={doing.error} title="It was not accepted: send it again, it is handled once" />
          )}
          {positions !== undefined && (
            <Accepted title={`The event was accepted: it stands at ${positions.join(", ")}`} topic={topic} />
          )}
        </div>
      </Stack>
    </form>
  );
}
