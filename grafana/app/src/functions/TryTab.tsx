import { Alert, Button, Field, Input, Stack, Text, TextLink } from "@grafana/ui";
import { useEffect, useState } from "react";
import { type ApiError, ask } from "../api/client";
import { parseExactly } from "../api/exact-json";
import type { Answer, RunDetails } from "../api/types";
import { useAsk } from "../api/use-ask";
import { Columns } from "../components/Columns";
import { json, seconds, shortMoney } from "../components/format";
import { Problem } from "../components/Problem";
import { TextEditor } from "../components/TextEditor";
import { useDoing } from "../components/use-doing";
import { APP_PATH } from "../constants";
import type { TabProps } from "./FunctionPage";
import { TEMPLATES } from "./templates";

type Called = Answer<"invokeFunction">;

/** The record of a run comes a moment after its answer. */
const RECORD_ATTEMPTS = 10;
const RECORD_MILLISECONDS = 500;

/** Call the function with an event, and see what comes of it. */
export default function TryTab(props: TabProps) {
  if (props.details.state === "deleted") {
    return (
      <Alert severity="info" title="This function is deleted">
        Bring it back under Settings to call it.
      </Alert>
    );
  }
  return <Call {...props} />;
}

function Call({ details }: TabProps) {
  const { name } = details;
  const runs = useAsk<Answer<"listRuns">>("/runs", { function: name, limit: 1 });
  const hasRun = (runs.data?.items.length ?? 0) > 0;
  const last = useAsk<Answer<"getLastInput">>(
    hasRun ? `/functions/${name}/invocations/last-input` : undefined,
  );
  const [text, setText] = useState<string>();
  const [shard, setShard] = useState("");
  const [called, setCalled] = useState<Called>();
  const doing = useDoing();
  const shown =
    text ?? (runs.isLoading || last.isLoading ? "" : json(last.data?.input ?? exampleFor(details)));
  const problem = problemOfJson(shown);

  const call = async (): Promise<void> => {
    setCalled(undefined);
    await doing.run(async () => {
      const body = { input: parseExactly(shown), mode: "sync", ...(shard === "" ? {} : { shard }) };
      setCalled(await ask<Called>("POST", `/functions/${name}/invocations`, { body }));
    });
  };
  const isSharded = (details.manifest as { state?: string } | null)?.state === "partition";

  return (
    <Columns minWidth={55} gap={3}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void call();
        }}
      >
        <Stack direction="column" gap={2}>
          <Field
            label="Event"
            description={
              last.data === undefined
                ? "A JSON object: the handler's input."
                : "It begins as the newest recorded input."
            }
            invalid={problem !== undefined && shown !== ""}
            error={problem}
            noMargin
          >
            <TextEditor
              value={shown}
              language="json"
              height={240}
              showLineNumbers
              onChange={setText}
              onBlur={setText}
            />
          </Field>
          {isSharded && (
            <Field label="Shard" description="The function keeps one state per shard." noMargin>
              <Input
                id="gaugelet-shard"
                width={30}
                value={shard}
                onChange={({ currentTarget }) => setShard(currentTarget.value)}
              />
            </Field>
          )}
          <div>
            <Button
              type="submit"
              icon={doing.isBusy ? "spinner" : "play"}
              disabled={problem !== undefined || doing.isBusy}
            >
              {doing.isBusy ? "Running…" : "Run"}
            </Button>
          </div>
        </Stack>
      </form>
      <div role="status" aria-label="Result">
        {doing.error !== undefined && <Problem error={doing.error} title="It could not be called" />}
        {called !== undefined ? (
          <Result called={called} />
        ) : (
          doing.error === undefined && <Text color="secondary">What it returns is shown here.</Text>
        )}
      </div>
    </Columns>
  );
}

/** An event that a template's function can be tried with, where it is one. */
function exampleFor({ description }: TabProps["details"]): unknown {
  return TEMPLATES.find(({ manifest }) => manifest.description === description)?.example ?? {};
}

function problemOfJson(text: string): string | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? undefined
      : "The input is an object, in braces.";
  } catch (error) {
    return `No JSON: ${(error as Error).message}`;
  }
}

function Result({ called }: { called: Called }) {
  const { status, output, error, traceback, runSeconds, usage, run } = called;
  const record = useRecord(run);
  const isDone = status === "completed";
  return (
    <Stack direction="column" gap={2}>
      <Alert
        severity={isDone ? "success" : "error"}
        title={
          isDone ? `Completed in ${seconds(runSeconds)}` : `${status}${error === null ? "" : `: ${error}`}`
        }
      >
        CPU {seconds(usage?.cpuSeconds ?? record?.cpuSeconds)} · memory{" "}
        {record === undefined ? "…" : mebibytes(record.memoryPeakBytes)} · cost{" "}
        {shortMoney(usage?.cost ?? record?.cost)} ·{" "}
        <TextLink href={`${APP_PATH}/runs/${run}`} inline>
          this run in full
        </TextLink>
      </Alert>
      {isDone ? (
        <Labelled title="Output" text={json(output)} />
      ) : (
        traceback !== null && <Labelled title="Traceback" text={traceback} />
      )}
      {record !== undefined && record.logs.length > 0 && (
        <Labelled title="Log" text={record.logs.join("\n")} />
      )}
    </Stack>
  );
}

function Labelled({ title, text }: { title: string; text: string }) {
  return (
    <div>
      <Text element="h3" variant="h5">
        {title}
      </Text>
      <pre style={{ maxHeight: 320, overflow: "auto" }}>{text}</pre>
    </div>
  );
}

function mebibytes(value: number | null): string {
  return value === null ? "–" : `${Math.round(value / 1024 ** 2)} MiB`;
}

/** What was recorded of a run, once it is. */
function useRecord(run: string): RunDetails | undefined {
  const [record, setRecord] = useState<RunDetails>();
  useEffect(() => {
    let isOver = false;
    let attempts = 0;
    const look = (): void => {
      attempts += 1;
      ask<RunDetails>("GET", `/runs/${run}`).then(
        (found) => {
          if (isOver) return;
          if (found.finishedAt === null && attempts < RECORD_ATTEMPTS) setTimeout(look, RECORD_MILLISECONDS);
          else setRecord(found);
        },
        (error: ApiError) => {
          if (!isOver && error.code === "not-found" && attempts < RECORD_ATTEMPTS)
            setTimeout(look, RECORD_MILLISECONDS);
        },
      );
    };
    // It comes a moment after the answer; asked for at once it would often be missing, which browsers report.
    const first = setTimeout(look, RECORD_MILLISECONDS);
    return () => {
      isOver = true;
      clearTimeout(first);
    };
  }, [run]);
  return record;
}
