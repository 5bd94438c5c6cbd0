import { locationService } from "@grafana/runtime";
import { Button, Drawer, Field, Input, RadioButtonGroup, Stack, Text } from "@grafana/ui";
import { type ReactElement, useState } from "react";
import { ask } from "../api/client";
import { Problem } from "../components/Problem";
import { useDoing } from "../components/use-doing";
import { APP_PATH } from "../constants";
import {
  type NewTopicFields,
  newTopicBody,
  problemOfNumber,
  problemOfTopicName,
  TIME_UNITS,
} from "./retention";

const EMPTY: NewTopicFields = { name: "", partitions: "", time: "", unit: "days", events: "", mebibytes: "" };
const UNITS = TIME_UNITS.map(({ value, label }) => ({ value, label }));

/** Makes a topic, and shows it. */
export function NewTopicDrawer({ name = "", onClose }: { name?: string; onClose: () => void }) {
  const [fields, setFields] = useState<NewTopicFields>({ ...EMPTY, name });
  const [isTouched, setTouched] = useState(false);
  const doing = useDoing();
  const set = (changes: Partial<NewTopicFields>): void => setFields({ ...fields, ...changes });
  const problems = {
    name: problemOfTopicName(fields.name),
    partitions: problemOfNumber(fields.partitions, true),
    time: problemOfNumber(fields.time, false),
    events: problemOfNumber(fields.events, true),
    mebibytes: problemOfNumber(fields.mebibytes, false),
  };
  const isWrong = Object.values(problems).some((problem) => problem !== undefined);

  const create = async (): Promise<void> => {
    setTouched(true);
    if (isWrong) return;
    const made = () => ask("POST", "/topics", { body: newTopicBody(fields) });
    if (!(await doing.run(made, `Topic ${fields.name} is there`))) return;
    locationService.push(`${APP_PATH}/topics/${fields.name}`);
  };

  return (
    <Drawer
      title="New topic"
      subtitle="A named stream of events, kept for a while."
      size="sm"
      onClose={onClose}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void create();
        }}
      >
        <Stack direction="column" gap={2}>
          <Text color="secondary">
            Any program publishes to a topic; any number of functions read it, each event once.
          </Text>
          {doing.error !== undefined && <Problem error={doing.error} title="It could not be made" />}
          <TextField
            label="Name"
            description="Such as orders."
            problem={isTouched || fields.name !== "" ? problems.name : undefined}
          >
            <Input
              id="gaugelet-topic-name"
              autoFocus
              required
              value={fields.name}
              onChange={({ currentTarget }) => set({ name: currentTarget.value })}
            />
          </TextField>
          <TextField
            label="Partitions"
            description="For Kafka. A topic on Redis has one. Empty: the engine's default."
            problem={problems.partitions}
          >
            <NumberInput
              id="gaugelet-topic-partitions"
              value={fields.partitions}
              onChange={(partitions) => set({ partitions })}
            />
          </TextField>
          <TextField
            label="Keep events for"
            description="Older ones are dropped. Empty: the engine's default."
            problem={problems.time}
          >
            <NumberInput id="gaugelet-topic-time" value={fields.time} onChange={(time) => set({ time })} />
          </TextField>
          <div>
            <RadioButtonGroup
              aria-label="Unit of the time that events are kept"
              options={UNITS}
              value={fields.unit}
              onChange={(unit) => set({ unit })}
            />
          </div>
          <TextField
            label="Keep as many events"
            description="For Redis. Empty: the newest million."
            problem={problems.events}
          >
            <NumberInput
              id="gaugelet-topic-events"
              value={fields.events}
              onChange={(events) => set({ events })}
            />
          </TextField>
          <TextField
            label="Keep of each partition, in MiB"
            description="For Kafka. Empty: the broker's default."
            problem={problems.mebibytes}
          >
            <NumberInput
              id="gaugelet-topic-bytes"
              value={fields.mebibytes}
              onChange={(mebibytes) => set({ mebibytes })}
            />
          </TextField>
          <Stack gap={1}>
            <Button type="submit" disabled={doing.isBusy} icon={doing.isBusy ? "spinner" : "plus"}>
              Make the topic
            </Button>
            <Button variant="secondary" onClick={onClose}>
              Cancel
            </Button>
          </Stack>
        </Stack>
      </form>
    </Drawer>
  );
}

function TextField({
  label,
  description,
  problem,
  children,
}: {
  label: string;
  description: string;
  problem: string | undefined;
  children: ReactElement<Record<string, unknown>>;
}) {
  return (
    <Field label={label} description={description} invalid={problem !== undefined} error={problem} noMargin>
      {children}
    </Field>
  );
}

function NumberInput({
  id,
  value,
  onChange,
  ...given
}: {
  id: string;
  value: string;
  onChange: (value: string) => void;
}) {
  // What the field around it gives, such as that it is wrong, is passed on.
  return (
    <Input
      {...given}
      id={id}
      inputMode="decimal"
      width={20}
      value={value}
      onChange={({ currentTarget }) => onChange(currentTarget.value.trim())}
    />
  );
}
