import { Alert, Button, ConfirmModal, Stack, TextLink } from "@grafana/ui";
import { useState } from "react";
import { ask } from "../api/client";
import type { Answer, RunDetails } from "../api/types";
import { json, seconds, shortMoney } from "../components/format";
import { Problem } from "../components/Problem";
import { TextBlock } from "../components/TextBlock";
import { type Doing, useDoing } from "../components/use-doing";
import { APP_PATH } from "../constants";

type Called = Answer<"invokeFunction">;

/** A call with what was recorded: how to make it, and what it came to. */
export interface CallingAgain {
  readonly called: Called | undefined;
  readonly doing: Doing;
  readonly call: () => Promise<void>;
}

/** Call a function with the recorded input of a run, for the same shard. */
export function useCallingAgain(run: RunDetails): CallingAgain {
  const [called, setCalled] = useState<Called>();
  const doing = useDoing();
  const call = async (): Promise<void> => {
    setCalled(undefined);
    await doing.run(async () => {
      const body = { input: run.input, mode: "sync", ...(run.shard === "" ? {} : { shard: run.shard }) };
      setCalled(await ask<Called>("POST", `/functions/${run.function}/invocations`, { body }));
    });
  };
  return { called, doing, call };
}

/** Why a function cannot be called with the input of a run; undefined: it can. */
export function whyNotAgain({ input, isInputCut }: RunDetails): string | undefined {
  if (isInputCut) return "Its input is not recorded whole.";
  if (typeof input !== "object" || input === null || Array.isArray(input)) {
    return "Only an object can be sent, and its input is none.";
  }
  return undefined;
}

/** Whether some of an input was hidden when it was recorded. */
export function isRedacted(input: unknown): boolean {
  if (input === "[redacted]") return true;
  return typeof input === "object" && input !== null && Object.values(input).some(isRedacted);
}

/** Asks before it calls: what a function does may be seen by others. */
export function CallAgainButton({ run, again }: { run: RunDetails; again: CallingAgain }) {
  const [isAsked, setAsked] = useState(false);
  const reason = whyNotAgain(run);
  return (
    <>
      <Button
        icon={again.doing.isBusy ? "spinner" : "play"}
        variant="secondary"
        disabled={reason !== undefined || again.doing.isBusy}
        tooltip={reason}
        onClick={() => setAsked(true)}
      >
        {again.doing.isBusy ? "Calling…" : "Call again with this input"}
      </Button>
      <ConfirmModal
        isOpen={isAsked}
        title={`Call ${run.function} again`}
        body={
          <>
            It is called with the input of this run, and what it puts out is stored as that of any call. It
            cannot be taken back.
            {isRedacted(run.input) && " What was recorded as [redacted] is sent as these words."}
          </>
        }
        confirmText="Call it"
        confirmButtonVariant="primary"
        onConfirm={() => {
          setAsked(false);
          void again.call();
        }}
        onDismiss={() => setAsked(false)}
      />
    </>
  );
}

/** What the call came to. */
export function CalledAgain({ again: { called, doing, call } }: { again: CallingAgain }) {
  if (doing.error !== undefined) {
    return <Problem error={doing.error} title="It could not be called" onRetry={() => void call()} />;
  }
  if (called === undefined) return null;
  const { status, error, runSeconds, usage, run, output } = called;
  const isDone = status === "completed";
  return (
    <Stack direction="column" gap={1}>
      <Alert
        severity={isDone ? "success" : "error"}
        title={isDone ? `Called again: completed in ${seconds(runSeconds)}` : `Called again: ${status}`}
      >
        {isDone && usage?.cost != null && `It cost ${shortMoney(usage.cost)}. `}
        {!isDone && `${error ?? ""} `}
        <TextLink href={`${APP_PATH}/runs/${run}`} inline>
          Look at the new run
        </TextLink>
      </Alert>
      {isDone && <TextBlock title="Output of the new call" text={json(output)} maxHeight={240} />}
    </Stack>
  );
}
