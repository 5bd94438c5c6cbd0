import { Alert, Button, ConfirmModal, Stack, Text } from "@grafana/ui";
import { useState } from "react";
import { ask } from "../api/client";
import { json } from "../components/format";
import { Problem } from "../components/Problem";
import { useDoing } from "../components/use-doing";
import type { TabProps } from "./FunctionPage";

/** What a function is told about itself, and how it is paused, deleted and brought back. */
export default function SettingsTab({ details, reload, isTheirs }: TabProps) {
  const { name, state, manifest } = details;
  const [isAsked, setAsked] = useState(false);
  const doing = useDoing();
  const change = async (method: string, path: string, done: string): Promise<void> => {
    setAsked(false);
    if (await doing.run(() => ask(method, `/functions/${name}${path}`), done)) reload();
  };
  return (
    <Stack direction="column" gap={2}>
      {doing.error !== undefined && <Problem error={doing.error} />}
      {isTheirs && (
        <Stack gap={1} wrap="wrap">
          {state === "serving" && (
            <Button
              variant="secondary"
              icon="pause"
              disabled={doing.isBusy}
              onClick={() => void change("POST", "/pause", `${name} is paused`)}
            >
              Pause
            </Button>
          )}
          {state === "paused" && (
            <Button
              icon="play"
              disabled={doing.isBusy}
              onClick={() => void change("POST", "/resume", `${name} is called again`)}
            >
              Resume
            </Button>
          )}
          {state === "deleted" ? (
            <Button
              icon="history"
              disabled={doing.isBusy}
              onClick={() => void change("POST", "/undelete", `${name} is back`)}
            >
              Bring it back
            </Button>
          ) : (
            <Button
              variant="destructive"
              icon="trash-alt"
              disabled={doing.isBusy}
              onClick={() => setAsked(true)}
            >
              Delete
            </Button>
          )}
        </Stack>
      )}
      {state === "paused" && (
        <Alert severity="info" title="It is paused">
          Calls are refused, and events of topics wait until it is resumed.
        </Alert>
      )}
      {manifest === null ? (
        <Text color="secondary">Its settings are for its owner and administrators.</Text>
      ) : (
        <>
          <Text element="h3" variant="h5">
            Manifest
          </Text>
          <pre>{json(manifest)}</pre>
        </>
      )}
      <ConfirmModal
        isOpen={isAsked}
        title={`Delete ${name}`}
        body="It is called no more. Its versions and what is kept in env stay: it can be brought back here."
        confirmText="Delete"
        onConfirm={() => void change("DELETE", "", `${name} is deleted; it can be brought back`)}
        onDismiss={() => setAsked(false)}
      />
    </Stack>
  );
}
