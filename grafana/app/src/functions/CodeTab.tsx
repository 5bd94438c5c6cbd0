import { Alert, Button, Field, Input, LoadingPlaceholder, Modal, Stack } from "@grafana/ui";
import { useMemo, useState } from "react";
import { ask } from "../api/client";
import type { Answer } from "../api/types";
import { json } from "../components/format";
import { Problem } from "../components/Problem";
import { useDoing } from "../components/use-doing";
import { CodePane } from "./CodePane";
import { Difference, FileDifferences } from "./Difference";
import { DraftEditor } from "./DraftEditor";
import { changeOf, type Draft, draftOf, isUnchanged } from "./draft";
import type { TabProps } from "./FunctionPage";
import { type KeptDraft, useKeptDraft } from "./kept-drafts";
import { mayBeDeployed, useCheck } from "./use-check";
import { type Code, useCode } from "./use-code";

/** The code of a function, to look at or to change. */
export default function CodeTab(props: TabProps) {
  const { details, isTheirs } = props;
  const [kept, keep] = useKeptDraft(details.name);
  // What somebody changes stays what it is, also where another version is deployed meanwhile.
  const { code, error } = useCode(details.name, kept?.version ?? details.version);
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
  return <EditedCode key={code.version.version} {...props} code={code} kept={kept} keep={keep} />;
}

interface EditedCodeProps extends TabProps {
  readonly code: Code;
  readonly kept: KeptDraft | undefined;
  readonly keep: (changed: KeptDraft | undefined) => void;
}

/** Code and manifest while they are changed: nothing of it runs before it is deployed. */
function EditedCode({ details, reload, code, kept, keep }: EditedCodeProps) {
  const { version } = code.version;
  const first = useMemo(() => draftOf(details.name, code.version.manifest, code.files), [details.name, code]);
  const draft = kept?.draft ?? first;
  const [isReviewed, setReviewed] = useState(false);
  const { check, error, isChecking } = useCheck(draft, false);
  const isChanged = kept !== undefined;
  const change = (changed: Draft): void =>
    keep(isUnchanged(first, changed) ? undefined : { version, draft: changed });
  return (
    <Stack direction="column" gap={2}>
      {isChanged && details.version !== null && details.version !== version && (
        <Alert
          severity="warning"
          title={`Version ${details.version} runs by now`}
          buttonContent="Change that one so"
          onRemove={() => details.version !== null && keep({ version: details.version, draft })}
        >
          Your changes are of version {version}. They can be made changes of the one that runs: look at all
          differences before you deploy.
        </Alert>
      )}
      <DraftEditor draft={draft} onChange={change} check={check} error={error} isChecking={isChecking} />
      <Stack gap={1}>
        <Button
          icon="rocket"
          disabled={!isChanged || !mayBeDeployed(draft, check)}
          tooltip={isChanged ? undefined : "Nothing is changed yet"}
          onClick={() => setReviewed(true)}
        >
          Review and deploy
        </Button>
        <Button variant="secondary" disabled={!isChanged} onClick={() => keep(undefined)}>
          Discard changes
        </Button>
      </Stack>
      {isReviewed && (
        <Review
          version={version}
          before={first}
          after={draft}
          onClose={() => setReviewed(false)}
          onFailed={reload}
          onDone={() => {
            setReviewed(false);
            keep(undefined);
            reload();
          }}
        />
      )}
    </Stack>
  );
}

/** What would change, once more before it does. */
function Review({
  version,
  before,
  after,
  onClose,
  onFailed,
  onDone,
}: {
  version: number;
  before: Draft;
  after: Draft;
  onClose: () => void;
  /** What runs may be another version than was known. */
  onFailed: () => void;
  onDone: () => void;
}) {
  const [comment, setComment] = useState("");
  const doing = useDoing();
  const { name } = after;
  const deploy = async (): Promise<void> => {
    const body = { ...changeOf(before, after), comment, ifVersion: version };
    const isDone = await doing.run(
      () => ask<Answer<"deployFunction">>("PUT", `/functions/${name}`, { body }),
      `The new version of ${name} takes over`,
    );
    if (isDone) onDone();
    else onFailed();
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
            title={
              doing.error.code === "conflict"
                ? "Somebody deployed meanwhile: go back, and make yours changes of that version"
                : "It was not deployed"
            }
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
