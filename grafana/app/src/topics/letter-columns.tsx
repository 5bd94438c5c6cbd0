import { Button, Stack } from "@grafana/ui";
import type { DeadLetter } from "../api/types";
import { time } from "../components/format";
import type { Column } from "../components/Table";
import { EventLine } from "./EventDetails";

/** What is shown of each dead letter, and done with it. */
export function letterColumns({
  isBusy,
  onLook,
  onReplay,
}: {
  isBusy: boolean;
  onLook: (letter: DeadLetter) => void;
  onReplay: (letter: DeadLetter) => void;
}): Column<DeadLetter>[] {
  return [
    { title: "Failed", width: "11.5rem", cell: ({ failedAt }) => time(failedAt) },
    {
      title: "Error",
      width: "minmax(12rem, 12fr)",
      cell: ({ error }) => <span title={error}>{error}</span>,
    },
    { title: "Attempts", width: "6rem", isNumber: true, cell: ({ attempts }) => attempts },
    { title: "From", width: "minmax(7rem, 5fr)", cell: originOf },
    { title: "Event", width: "minmax(10rem, 10fr)", cell: (letter) => <EventLine event={letter} /> },
    {
      title: "Do",
      width: "11rem",
      cell: (letter) => (
        <Stack gap={1}>
          <Button
            size="sm"
            variant="secondary"
            aria-label={`Look at dead letter ${letter.id}`}
            onClick={() => onLook(letter)}
          >
            Look
          </Button>
          {letter.topic !== null && (
            <Button
              size="sm"
              variant="secondary"
              icon="sync"
              disabled={isBusy}
              aria-label={`Replay dead letter ${letter.id}`}
              onClick={() => onReplay(letter)}
            >
              Replay
            </Button>
          )}
        </Stack>
      ),
    },
  ];
}

/** Where the event of a dead letter came from. */
export function originOf({ topic, partition, source }: DeadLetter): string {
  return topic === null ? source : `${topic}/${partition}`;
}
