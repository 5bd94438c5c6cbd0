import { config } from "@grafana/runtime";
import { Button, Combobox, InlineField, LinkButton, LoadingPlaceholder, Stack, Text } from "@grafana/ui";
import { proxied } from "../api/client";
import { mayAs } from "../api/role";
import type { Answer } from "../api/types";
import { useAsk } from "../api/use-ask";
import { usePages } from "../api/use-pages";
import { Problem } from "../components/Problem";
import { useQueryState } from "../components/use-query-state";
import { BillView } from "./BillView";
import { MonthChooser, useMonth } from "./MonthChooser";
import { currentMonth, daysOf, monthName } from "./months";
import type { Bill } from "./types";

const OWNER_ID = "bill-owner";
/** Bills are long: so few at a time. */
const PAGE = 20;

/** The bills of a month: everybody's for administrators, one's own for others. */
export function Bills() {
  const [month] = useMonth();
  const [{ owner }] = useQueryState(["owner"]);
  const pages = usePages<Bill>(`/bills/${month}`, { owner, limit: PAGE });
  return (
    <Stack direction="column" gap={3}>
      <Stack alignItems="center" justifyContent="space-between" gap={2} wrap="wrap">
        <Stack alignItems="center" gap={2} wrap="wrap">
          <MonthChooser />
          {mayAs("admin") && <OwnerChooser month={month} />}
        </Stack>
        <Stack gap={1}>
          <LinkButton
            icon="file-alt"
            variant="secondary"
            target="_blank"
            rel="noreferrer"
            href={billAddress(month, "html", owner)}
          >
            Page to print
          </LinkButton>
          <LinkButton
            icon="download-alt"
            variant="secondary"
            target="_blank"
            rel="noreferrer"
            href={billAddress(month, "csv", owner)}
          >
            CSV
          </LinkButton>
        </Stack>
      </Stack>
      {month === currentMonth() && (
        <Text element="p" color="secondary">
          {monthName(month)} is not over: this is what it came to so far.
        </Text>
      )}
      {pages.items.map((bill) => (
        <BillView key={bill.owner} bill={bill} />
      ))}
      {pages.error !== undefined && <Problem error={pages.error} onRetry={pages.reload} />}
      {pages.isLoading && <LoadingPlaceholder text="Loading…" />}
      {!pages.isLoading && pages.error === undefined && pages.items.length === 0 && (
        <Text color="secondary">Nobody used anything in {monthName(month)}.</Text>
      )}
      {pages.hasMore && !pages.isLoading && pages.error === undefined && (
        <Button variant="secondary" onClick={pages.more} style={{ alignSelf: "flex-start" }}>
          More bills
        </Button>
      )}
    </Stack>
  );
}

/** Where bills can be had in another form. The links leave the app, so Grafana's own path goes before. */
function billAddress(month: string, format: "csv" | "html", owner: string): string {
  return `${config.appSubUrl}${proxied(`/bills/${month}`, { query: { format, owner } })}`;
}

/** Administrators look at one owner's bill. */
function OwnerChooser({ month }: { month: string }) {
  const [{ owner }, change] = useQueryState(["owner"]);
  const days = daysOf(month);
  const asked = useAsk<Answer<"getUsage">>("/usage", {
    from: days[0],
    to: days.at(-1),
    group: "owner",
    limit: 1_000,
  });
  const owners = (asked.data?.items ?? []).flatMap(({ owner: name }) => (name ? [name] : []));
  if (owner !== "" && !owners.includes(owner)) owners.push(owner);
  return (
    <InlineField
      label="Owner"
      htmlFor={OWNER_ID}
      style={{ marginBottom: 0 }}
      error={asked.error?.message}
      invalid={asked.error !== undefined}
    >
      <Combobox
        id={OWNER_ID}
        width={24}
        isClearable
        createCustomValue
        placeholder="Everybody"
        options={owners.map((value) => ({ value }))}
        value={owner || null}
        onChange={(option) => change({ owner: option?.value })}
      />
    </InlineField>
  );
}
