import { Combobox, IconButton, InlineField, Stack } from "@grafana/ui";
import { useQueryState } from "../components/use-query-state";
import { currentMonth, monthFrom, monthName, monthsAfter } from "./months";

/** How many months back are offered; earlier ones are reached one by one. */
const OFFERED_MONTHS = 36;
const CHOOSER_ID = "usage-month";

/** The month of the address, and how it is changed. */
export function useMonth(): [string, (month: string) => void] {
  const [{ month }, change] = useQueryState(["month"]);
  return [monthFrom(month), (chosen) => change({ month: chosen === currentMonth() ? undefined : chosen })];
}

/** Choose a month. */
export function MonthChooser() {
  const [month, choose] = useMonth();
  const current = currentMonth();
  const offered = Array.from({ length: OFFERED_MONTHS }, (_, index) => monthsAfter(current, -index));
  if (!offered.includes(month)) offered.push(month);
  return (
    <Stack alignItems="center" gap={1}>
      <IconButton
        name="angle-left"
        size="xl"
        tooltip="Month before"
        onClick={() => choose(monthsAfter(month, -1))}
      />
      <InlineField label="Month" htmlFor={CHOOSER_ID} style={{ marginBottom: 0 }}>
        <Combobox
          id={CHOOSER_ID}
          width={24}
          options={offered.map((value) => ({ value, label: monthName(value) }))}
          value={month}
          onChange={({ value }) => choose(value)}
        />
      </InlineField>
      <IconButton
        name="angle-right"
        size="xl"
        tooltip="Month after"
        disabled={month >= current}
        onClick={() => choose(monthsAfter(month, 1))}
      />
    </Stack>
  );
}
