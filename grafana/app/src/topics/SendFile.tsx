import { Alert, Button, Field, Input, RadioButtonGroup, Stack, Text } from "@grafana/ui";
import { useEffect, useMemo, useRef, useState } from "react";
import { ask } from "../api/client";
import type { TopicDetails } from "../api/types";
import { bytes } from "../components/format";
import { Meter } from "../components/Meter";
import { Problem } from "../components/Problem";
import { useDoing } from "../components/use-doing";
import { DropZone } from "../functions/DropZone";
import { Accepted } from "./Accepted";
import { type FileShape, readEvents } from "./events-file";
import { newId } from "./new-id";
import { sendInBatches } from "./send-batches";

/** More would fill the browser: it is for the command. */
const MOST_BYTES = 64 * 1024 ** 2;
const MOST_PROBLEMS = 8;

interface ChosenFile {
  readonly name: string;
  readonly text: string;
  /** What the names of its events begin with: sent again after a failure, they are the same. */
  readonly id: string;
}

/** Send all events of a file. */
export function SendFile({ topic }: { topic: TopicDetails }) {
  const [file, setFile] = useState<ChosenFile>();
  const [problem, setProblem] = useState<string>();
  const choose = async ([chosen, ...others]: readonly File[]): Promise<void> => {
    setProblem(undefined);
    setFile(undefined);
    if (chosen === undefined) return;
    if (others.length > 0) return setProblem("Choose one file.");
    if (chosen.size > MOST_BYTES) {
      return setProblem(
        `${chosen.name} has ${bytes(chosen.size)}; up to ${bytes(MOST_BYTES)} are sent here. For more: npm run -s topics -- publish ${topic.name} < ${chosen.name}`,
      );
    }
    try {
      setFile({ name: chosen.name, text: await chosen.text(), id: newId() });
    } catch (error) {
      setProblem(`${chosen.name} cannot be read: ${(error as Error).message}`);
    }
  };
  return (
    <Stack direction="column" gap={2}>
      <DropZone
        text="Drop a file of events here, or click to choose one: one JSON value on each line, or one array of them."
        onFiles={(files) => void choose(files)}
      />
      {problem !== undefined && <Alert severity="error" title={problem} />}
      {file !== undefined && <FileEvents key={file.id} file={file} topic={topic} />}
    </Stack>
  );
}

function FileEvents({ file, topic }: { file: ChosenFile; topic: TopicDetails }) {
  const [shape, setShape] = useState<FileShape>("value");
  const [keyField, setKeyField] = useState("");
  const [sent, setSent] = useState(0);
  const [isStopped, setStopped] = useState(false);
  const stopping = useRef<AbortController>(undefined);
  const doing = useDoing();
  const { events, problems } = useMemo(
    () => readEvents(file.text, shape, shape === "value" ? keyField.trim() : ""),
    [file.text, shape, keyField],
  );
  const named = useMemo(
    () => events.map((event, index) => ({ id: `${file.id}-${index}`, ...event })),
    [events, file.id],
  );
  // Whoever leaves sees no progress any more: nothing goes on behind their back.
  useEffect(() => () => stopping.current?.abort(), []);
  const isDone = events.length > 0 && sent === events.length;
  const isBegun = sent > 0 || doing.isBusy;

  const send = async (): Promise<void> => {
    stopping.current = new AbortController();
    const { signal } = stopping.current;
    setStopped(false);
    await doing.run(async () => {
      const isAll = await sendInBatches({
        events: named,
        from: sent,
        send: (batch) => ask("POST", `/topics/${topic.name}/events`, { body: { events: batch }, signal }),
        onProgress: setSent,
        signal,
      });
      setStopped(!isAll);
    });
  };

  return (
    <Stack direction="column" gap={2}>
      <Text weight="medium">
        {file.name}
        {problems.length === 0 &&
          `: ${events.length.toLocaleString()} ${events.length === 1 ? "event" : "events"}`}
      </Text>
      {!isBegun && (
        <Stack gap={2} alignItems="flex-end" wrap="wrap">
          <Field label="Each of them is" noMargin>
            <RadioButtonGroup
              options={[
                { value: "value", label: "An event" },
                { value: "event", label: "An object with value, key, headers" },
              ]}
              value={shape}
              onChange={setShape}
            />
          </Field>
          {shape === "value" && (
            <Field label="Field that is the key" description="May be left out." noMargin>
              <Input
                id="gaugelet-key-field"
                width={24}
                value={keyField}
                onChange={({ currentTarget }) => setKeyField(currentTarget.value)}
              />
            </Field>
          )}
        </Stack>
      )}
      {problems.length > 0 && <FileProblems problems={problems} />}
      {isBegun && !isDone && (
        <Meter
          label="Sent"
          share={sent / events.length}
          text={`${sent.toLocaleString()} of ${events.length.toLocaleString()}`}
        />
      )}
      {problems.length === 0 && !isDone && (
        <Stack gap={1} alignItems="center">
          <Button
            icon={doing.isBusy ? "spinner" : "upload"}
            disabled={doing.isBusy}
            onClick={() => void send()}
          >
            {doing.isBusy ? "Sending…" : sent > 0 || isStopped || doing.error ? "Go on" : "Send them"}
          </Button>
          {doing.isBusy && (
            <Button variant="secondary" onClick={() => stopping.current?.abort()}>
              Stop
            </Button>
          )}
          {isStopped && <Text color="secondary">It was stopped. What was sent stays sent.</Text>}
        </Stack>
      )}
      <div role="status">
        {doing.error !== undefined && (
          <Problem
            error={doing.error}
            title={`${sent.toLocaleString()} were accepted, then it failed. Go on: none is handled twice`}
          />
        )}
        {isDone && (
          <Accepted
            title={`${sent.toLocaleString()} ${sent === 1 ? "event was" : "events were"} accepted`}
            topic={topic}
          />
        )}
      </div>
    </Stack>
  );
}

function FileProblems({ problems }: { problems: readonly string[] }) {
  const others = problems.length - MOST_PROBLEMS;
  return (
    <Alert severity="error" title="Nothing of the file was sent: mend it and choose it again">
      <ul style={{ paddingLeft: "1.5em" }}>
        {problems.slice(0, MOST_PROBLEMS).map((problem) => (
          <li key={problem}>{problem}</li>
        ))}
      </ul>
      {others > 0 && `And ${others.toLocaleString()} more.`}
    </Alert>
  );
}
