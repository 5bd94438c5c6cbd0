import { Button, Field, Input, Stack } from "@grafana/ui";
import type { Answer } from "../api/types";
import { useAsk } from "../api/use-ask";
import { Choice } from "../components/Choice";
import { withinPage } from "../components/within-page";
import type { Trigger } from "./draft";

const KINDS = [
  { value: "http", label: "HTTP: when somebody calls it" },
  { value: "topic", label: "Topic: each event" },
  { value: "redisKey", label: "Redis key: each new value" },
  { value: "schedule", label: "Schedule" },
  { value: "prometheus", label: "Query: what it results in" },
];

/** What a trigger of a kind begins as. */
const FIRST: Readonly<Record<string, Trigger>> = {
  http: { http: true },
  topic: { topic: "", start: "newest" },
  redisKey: { redisKey: "metrics" },
  schedule: { schedule: "* * * * *" },
  prometheus: { prometheus: { query: "up", every: "15s" } },
};

function kindOf(trigger: Trigger): string {
  return KINDS.find(({ value }) => value in trigger)?.value ?? "http";
}

/** When a function is called. */
export function TriggersField({
  triggers,
  onChange,
}: {
  triggers: readonly Trigger[];
  onChange: (triggers: readonly Trigger[]) => void;
}) {
  const topics = useAsk<Answer<"listTopics">>("/topics", { limit: 1000 });
  const topicOptions = (topics.data?.items ?? []).map(({ name }) => ({ value: name }));
  const change = (index: number, trigger: Trigger): void =>
    onChange(triggers.map((each, other) => (other === index ? trigger : each)));

  return (
    <Field label="Triggers" description="What calls it; several do so side by side." noMargin>
      <Stack direction="column" gap={1}>
        {triggers.map((trigger, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: triggers have no name but their place
          <Stack key={index} gap={1} alignItems="center" wrap="wrap">
            <Choice
              label={`Kind of trigger ${index + 1}`}
              width={32}
              options={KINDS}
              value={kindOf(trigger)}
              onChange={(value) => change(index, FIRST[value] ?? { http: true })}
            />
            <Details
              trigger={trigger}
              topicOptions={topicOptions}
              onChange={(changed) => change(index, changed)}
            />
            {triggers.length > 1 && (
              <Button
                variant="secondary"
                fill="text"
                icon="trash-alt"
                aria-label={`Remove trigger ${index + 1}`}
                onClick={() => onChange(triggers.filter((_, other) => other !== index))}
              />
            )}
          </Stack>
        ))}
        <div>
          <Button
            size="sm"
            variant="secondary"
            icon="plus"
            onClick={() => onChange([...triggers, { http: true }])}
          >
            Add trigger
          </Button>
        </div>
      </Stack>
    </Field>
  );
}

/** What a trigger of its kind needs to be told. */
function Details({
  trigger,
  topicOptions,
  onChange,
}: {
  trigger: Trigger;
  topicOptions: { value: string }[];
  onChange: (trigger: Trigger) => void;
}) {
  const field = (name: string, label: string, width: number) => (
    <Input
      aria-label={label}
      placeholder={label}
      width={width}
      value={String(trigger[name] ?? "")}
      onChange={({ currentTarget }) => onChange({ ...trigger, [name]: currentTarget.value })}
    />
  );
  switch (kindOf(trigger)) {
    case "topic":
      return (
        <>
          <Choice
            label="Topic"
            placeholder="Topic"
            width={28}
            isOpen
            options={topicOptions}
            value={String(trigger.topic ?? "") || null}
            onChange={(value) => onChange({ ...trigger, topic: value })}
          />
          <Choice
            label="Where it begins"
            width={24}
            options={[
              { value: "newest", label: "with new events" },
              { value: "oldest", label: "with the oldest event" },
            ]}
            value={String(trigger.start ?? "newest")}
            onChange={(value) => onChange({ ...trigger, start: value })}
          />
        </>
      );
    case "redisKey":
      return field("redisKey", "Key, or a pattern with *", 32);
    case "schedule":
      return field("schedule", "Cron, as in */5 * * * *", 32);
    case "prometheus": {
      const query = (trigger.prometheus ?? {}) as { query?: string; every?: string };
      return (
        <>
          <Input
            aria-label="PromQL query"
            placeholder="PromQL query"
            width={48}
            className={withinPage}
            value={query.query ?? ""}
            onChange={({ currentTarget }) =>
              onChange({ ...trigger, prometheus: { ...query, query: currentTarget.value } })
            }
          />
          <Input
            aria-label="How often"
            width={12}
            prefix="every"
            value={query.every ?? "15s"}
            onChange={({ currentTarget }) =>
              onChange({ ...trigger, prometheus: { ...query, every: currentTarget.value } })
            }
          />
        </>
      );
    }
    default:
      return null;
  }
}
