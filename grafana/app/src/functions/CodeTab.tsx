import { Alert, Button, Field, Input, LoadingPlaceholder, Modal, Stack } from "@grafana/ui";
import { useState } from "react";
import { ask } from "../api/client";
import type { Answer } from "../api/types";
import { json } from "../components/format";
import { Problem } from "../components/Problem";
import { useDoing } from "../components/use-doing";
import { CodePane } from "./CodePane";
import { Difference, FileDifferences } from "./Difference";
import { DraftEditor } from "./DraftEditor";
import { type Draft, deploymentOf, draftOf } from "./draft";
import type { TabProps } from "./FunctionPage";
import { useCheck } from "./use-check";
import { type Code, useCode } from "./use-code";

/** The code of a function, to look at or to change. */
export default function CodeTab(props: TabProps) {
  const { details, isTheirs } = props;
  const { code, error } = useCode(details.name, details.version);
  if (details.origin === "file") {
    return (
      <Alert severity="info" title="This function is declared in a file">
        Its code is where {details.file} says. Functions that are made here are edited here.
      </Alert>
    );
  }
  if (error !== undefined) return <Problem error={error} title="The code cannot be shown" />;
  if (code === undefined) return <LoadingPlaceholder text="Loading the code…" />;
  if (!isTheirs || details.state === "deleted") return <CodePane files={code.files} />;
  return <EditedCode key={code.version.version} {...props} code={code} />;
}

/** Code and manifest while they are changed: nothing of it runs before it is deployed. */
function EditedCode({ details, reload, code }: TabProps & { code: Code }) {
  const first = draftOf(details, code.files);
  const [draft, setDraft] = useState<Draft>(first);
  const [isReviewed, setReviewed] = useState(false);
  const { check, error, isChecking } = useCheck(draft, false);
  const isChanged = JSON.stringify(deploymentOf(draft)) !== JSON.stringify(deploymentOf(first));
  return (
    <Stack direction="column" gap={2}>
      <DraftEditor draft={draft} onChange={setDraft} check={check} error={error} isChecking={isChecking} />
      <Stack gap={1}>
        <Button
          icon="rocket"
          disabled={!isChanged || check?.isAccepted === false}
          tooltip={isChanged ? undefined : "Nothing is changed yet"}
          onClick={() => setReviewed(true)}
        >
          Review and deploy
        </Button>
        <Button variant="secondary" disabled={!isChanged} onClick={() => setDraft(first)}>
          Discard changes
        </Button>
      </Stack>
      {isReviewed && (
        <Review
          details={details}
          before={first}
          after={draft}
          onClose={() => setReviewed(false)}
          onDone={() => {
            setReviewed(false);
            reload();
          }}
        />
      )}
    </Stack>
  );
}

/** What would change, once more before it does. */
function Review({
  details,
  before,
  after,
  onClose,
  onDone,
}: {
  details: TabProps["details"];
  before: Draft;
  after: Draft;
  onClose: () => void;
  onDone: () => void;
}) {
  const [comment, setComment] = useState("");
  const doing = useDoing();
  const { name, version } = details;
  const deploy = async (): Promise<void> => {
    const body = { ...deploymentOf(after), comment, ...(version === null ? {} : { ifVersion: version }) };
    const isDone = await doing.run(
      () => ask<Answer<"deployFunction">>("PUT", `/functions/${name}`, { body }),
      `The new version of ${name} takes over`,
    );
    if (isDone) onDone();
  };
  return (
    <Modal title={`Deploy ${name}`} isOpen onDismiss={onClose}>
      <Stack direction="column" gap={2}>
        <Difference title="Manifest" before={json(before.manifest)} after={json(after.manifest)} />
        {after.zip === undefined ? (
          <FileDifferences before={before.files} after={after.files} />
        ) : (
          <Alert severity="info" title="All of the code is replaced by the zip" />
        )}
        <Field label="Comment" description="What this version is about; shown among the versions." noMargin>
          <Input
            id="gaugelet-version-comment"
            autoFocus
            value={comment}
            onChange={({ currentTarget }) => setComment(currentTarget.value)}
          />
        </Field>
        {doing.error !== undefined && (
          <Problem
            error={doing.error}
            title={doing.error.code === "conflict" ? "Somebody deployed meanwhile" : "It was not deployed"}
          />
        )}
      </Stack>
      <Modal.ButtonRow>
        <Button variant="secondary" onClick={onClose}>
          Back
        </Button>
        <Button
          icon={doing.isBusy ? "spinner" : "rocket"}
          disabled={doing.isBusy}
          onClick={() => void deploy()}
        >
          {doing.isBusy ? "Being deployed…" : "Deploy"}
        </Button>
      </Modal.ButtonRow>
    </Modal>
  );
}
