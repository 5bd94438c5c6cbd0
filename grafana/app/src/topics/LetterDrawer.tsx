import { Alert, Button, Drawer, Stack } from "@grafana/ui";
import type { DeadLetter } from "../api/types";
import { Facts } from "../components/Facts";
import { NONE, time } from "../components/format";
import { TextBlock } from "../components/TextBlock";
import { EventDetails } from "./EventDetails";
import { originOf } from "./letter-columns";

/** A dead letter in full: why it failed, and what can be done. */
export function LetterDrawer({
  name,
  letter,
  isBusy,
  onReplay,
  onDrop,
  onClose,
}: {
  name: string;
  letter: DeadLetter;
  isBusy: boolean;
  onReplay: () => void;
  onDrop: () => void;
  onClose: () => void;
}) {
  const { error, attempts, failedAt, publishedAt, key, position, traceback, topic } = letter;
  return (
    <Drawer title={`Dead letter of ${name}`} subtitle={letter.id} size="md" onClose={onClose}>
      <Stack direction="column" gap={2}>
        <Alert severity="error" title={error} />
        <Stack gap={1}>
          {topic !== null && (
            <Button icon="sync" disabled={isBusy} onClick={onReplay}>
              Replay
            </Button>
          )}
          <Button variant="destructive" icon="trash-alt" disabled={isBusy} onClick={onDrop}>
            Drop
          </Button>
        </Stack>
        {topic === null && (
          <Alert severity="info" title="It came from no topic, so it cannot be replayed">
            Call the function with it instead.
          </Alert>
        )}
        <Facts
          facts={[
            ["Failed", time(failedAt)],
            ["Attempts", attempts === 0 ? "0: the handler was not called" : attempts],
            ["From", originOf(letter)],
            ["Position", position ?? NONE],
            ["Published", time(publishedAt)],
            ["Key", key ?? NONE],
          ]}
        />
        <EventDetails event={letter} />
        {traceback !== null && <TextBlock title="Traceback" text={traceback} />}
      </Stack>
    </Drawer>
  );
}
