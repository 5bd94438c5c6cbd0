import { Badge, Button, ConfirmModal, Stack, Text } from "@grafana/ui";
import { useEffect, useRef, useState } from "react";
import { ask } from "../api/client";
import type { Answer, DeadLetter } from "../api/types";
import { usePages } from "../api/use-pages";
import { Problem } from "../components/Problem";
import { Table } from "../components/Table";
import { useDoing } from "../components/use-doing";
import { LetterDrawer } from "./LetterDrawer";
import { letterColumns } from "./letter-columns";
import { FunctionLink } from "./Readers";

/** Something that cannot be undone, and is asked about before. */
type Asked =
  | { readonly what: "drop"; readonly letter: DeadLetter }
  | { readonly what: "drop-all" | "replay-all" };

const keyOf = ({ id }: DeadLetter): string => id;

/** The dead letters of a function: looked at, replayed, dropped. */
export function FunctionLetters({
  name,
  count,
  onChanged,
}: {
  name: string;
  count: number;
  onChanged: () => void;
}) {
  const path = `/functions/${name}/dead-letters`;
  const pages = usePages<DeadLetter>(path, { limit: 100 });
  const [looked, setLooked] = useState<DeadLetter>();
  const [asked, setAsked] = useState<Asked>();
  const doing = useDoing();
  const { refresh } = pages;
  const seenCount = useRef(count);
  useEffect(() => {
    if (seenCount.current === count) return;
    seenCount.current = count;
    refresh(keyOf);
  }, [count, refresh]);

  const change = async (work: () => Promise<unknown>, done: string): Promise<void> => {
    setAsked(undefined);
    setLooked(undefined);
    await doing.run(work, done);
    refresh(keyOf);
    onChanged();
  };
  const replay = ({ id }: DeadLetter): Promise<void> =>
    change(() => ask("POST", `${path}/${id}/replay`), `${name} handles it once more`);
  const drop = ({ id }: DeadLetter): Promise<void> =>
    change(() => ask("DELETE", `${path}/${id}`), "The dead letter is dropped");
  const replayAll = (): Promise<void> =>
    change(
      () => ask<Answer<"replayAllDeadLetters">>("POST", `${path}/replay`),
      `${name} handles its dead letters once more`,
    );
  const dropAll = (): Promise<void> =>
    change(() => ask("DELETE", path), `The dead letters of ${name} are dropped`);

  return (
    <section aria-label={`Dead letters of ${name}`}>
      <Stack direction="column" gap={1}>
        <Stack justifyContent="space-between" alignItems="center" wrap="wrap">
          <Stack gap={1} alignItems="center">
            <Text element="h3" variant="h5">
              <FunctionLink name={name} />
            </Text>
            <Badge
              color={count === 0 ? "green" : "red"}
              text={count === 0 ? "None" : count.toLocaleString()}
            />
          </Stack>
          {count > 0 && (
            <Stack gap={1}>
              <Button
                size="sm"
                icon="sync"
                disabled={doing.isBusy}
                onClick={() => setAsked({ what: "replay-all" })}
              >
                Replay all
              </Button>
              <Button
                size="sm"
                variant="destructive"
                icon="trash-alt"
                disabled={doing.isBusy}
                onClick={() => setAsked({ what: "drop-all" })}
              >
                Drop all
              </Button>
            </Stack>
          )}
        </Stack>
        {doing.error !== undefined && (
          <Problem error={doing.error} title="The dead letters were not changed" />
        )}
        {pages.error !== undefined && <Problem error={pages.error} onRetry={pages.reload} />}
        {(count > 0 || pages.items.length > 0) && (
          <Table
            label={`Dead letters of ${name}`}
            columns={letterColumns({
              isBusy: doing.isBusy,
              onLook: setLooked,
              onReplay: (each) => void replay(each),
            })}
            items={pages.items}
            keyOf={keyOf}
            isLoading={pages.isLoading}
            onEnd={pages.hasMore ? pages.more : undefined}
            maxHeight={420}
            empty="There is none any more."
          />
        )}
      </Stack>
      {looked !== undefined && (
        <LetterDrawer
          name={name}
          letter={looked}
          isBusy={doing.isBusy}
          onReplay={() => void replay(looked)}
          onDrop={() => setAsked({ what: "drop", letter: looked })}
          onClose={() => setLooked(undefined)}
        />
      )}
      <ConfirmModal
        isOpen={asked?.what === "replay-all"}
        title={`Replay all dead letters of ${name}`}
        body={`It handles ${counted(count)} once more, out of their order, with all attempts anew. What fails again comes back here. Those that came from no topic stay.`}
        confirmText="Replay all"
        confirmButtonVariant="primary"
        onConfirm={() => void replayAll()}
        onDismiss={() => setAsked(undefined)}
      />
      <ConfirmModal
        isOpen={asked?.what === "drop-all"}
        title={`Drop all dead letters of ${name}`}
        body={`${counted(count)} will never be handled. This cannot be undone.`}
        confirmText="Drop all"
        onConfirm={() => void dropAll()}
        onDismiss={() => setAsked(undefined)}
      />
      <ConfirmModal
        isOpen={asked?.what === "drop"}
        title="Drop this dead letter"
        body={`${name} will never handle its event. This cannot be undone.`}
        confirmText="Drop it"
        onConfirm={() => void (asked?.what === "drop" && drop(asked.letter))}
        onDismiss={() => setAsked(undefined)}
      />
    </section>
  );
}

function counted(count: number): string {
  return count === 1 ? "1 event" : `${count.toLocaleString()} events`;
}
