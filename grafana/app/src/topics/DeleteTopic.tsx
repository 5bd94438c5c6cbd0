import { locationService } from "@grafana/runtime";
import { Button, ConfirmModal } from "@grafana/ui";
import { useState } from "react";
import { ask } from "../api/client";
import type { TopicDetails } from "../api/types";
import type { Doing } from "../components/use-doing";
import { APP_PATH } from "../constants";

/** Deletes a topic, once its name was typed: that cannot be undone. */
export function DeleteTopic({ topic, doing }: { topic: TopicDetails; doing: Doing }) {
  const [isAsked, setAsked] = useState(false);
  const { name, events, readers } = topic;
  const remove = async (): Promise<void> => {
    setAsked(false);
    const isDone = await doing.run(() => ask("DELETE", `/topics/${name}`), `Topic ${name} is deleted`);
    if (isDone) locationService.push(`${APP_PATH}/topics`);
  };
  const readersText =
    readers.length === 0
      ? ""
      : ` Functions that read it wait for a new one of its name: ${readers.map((reader) => reader.function).join(", ")}.`;
  return (
    <>
      <Button
        variant="destructive"
        fill="outline"
        icon="trash-alt"
        disabled={doing.isBusy}
        onClick={() => setAsked(true)}
      >
        Delete topic
      </Button>
      <ConfirmModal
        isOpen={isAsked}
        title={`Delete ${name}`}
        body={`The topic and all its events (${events.toLocaleString()}) are gone for good: this cannot be undone.${readersText}`}
        description="Type the name of the topic to confirm."
        confirmationText={name}
        confirmText="Delete"
        onConfirm={() => void remove()}
        onDismiss={() => setAsked(false)}
      />
    </>
  );
}
