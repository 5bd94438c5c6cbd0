import { Button, Stack, TimeRangeInput } from "@grafana/ui";
import { mayAs } from "../api/role";
import type { Answer } from "../api/types";
import { useAsk } from "../api/use-ask";
import { Choice } from "../components/Choice";
import { SettledInput } from "../components/SettledInput";
import { FILTERS, type RunFilter, rangeOf, textOf } from "./run-filter";
import { STATUSES } from "./StatusBadge";
import { TRIGGERS } from "./triggers";

const ANY_STATUS = [
  { value: "", label: "Any status" },
  ...Object.entries(STATUSES).map(([value, [, , label]]) => ({ value, label })),
];
const ANY_TRIGGER = [
  { value: "", label: "Any trigger" },
  ...Object.entries(TRIGGERS).map(([value, label]) => ({ value, label })),
];

/** Nothing matters. */
const ALL = Object.fromEntries(FILTERS.map((name) => [name, ""])) as RunFilter;

/** Which runs are shown. */
export function RunFilters({
  filter,
  onChange,
}: {
  filter: RunFilter;
  onChange: (changes: Partial<RunFilter>) => void;
}) {
  const functions = useAsk<Answer<"listFunctions">>("/functions", { limit: 1000 });
  const names = (functions.data?.items ?? []).map(({ name }) => ({ value: name, label: name }));
  const isFiltered = FILTERS.some((name) => filter[name] !== "");
  return (
    <Stack gap={1} wrap="wrap" alignItems="center">
      <Choice
        label="Function"
        width={28}
        isOpen
        options={[{ value: "", label: "Any function" }, ...names]}
        value={filter.function}
        onChange={(value) => onChange({ function: value })}
      />
      <Choice
        label="Status"
        width={18}
        options={ANY_STATUS}
        value={filter.status}
        onChange={(value) => onChange({ status: value })}
      />
      <Choice
        label="Trigger"
        width={18}
        options={ANY_TRIGGER}
        value={filter.trigger}
        onChange={(value) => onChange({ trigger: value })}
      />
      <TimeRangeInput
        value={rangeOf(filter)}
        placeholder="Queued at any time"
        clearable
        hideTimeZone
        isReversed={false}
        onChange={({ raw }) => onChange({ from: textOf(raw.from), to: textOf(raw.to) })}
      />
      {/* Others see runs that they called themselves, and those alone. */}
      {mayAs("editor") && (
        <SettledInput label="User" width={16} value={filter.user} onChange={(user) => onChange({ user })} />
      )}
      <SettledInput
        label="Version"
        width={16}
        value={filter.version}
        onChange={(version) => onChange({ version })}
      />
      <SettledInput
        label="Part of the error"
        width={26}
        value={filter.error}
        onChange={(error) => onChange({ error })}
      />
      {isFiltered && (
        <Button variant="secondary" fill="text" icon="times" onClick={() => onChange(ALL)}>
          Clear all
        </Button>
      )}
    </Stack>
  );
}
