import { FilterPill, Stack, Text } from "@grafana/ui";
import { mayAs } from "../api/role";
import type { Answer } from "../api/types";
import { useAsk } from "../api/use-ask";
import { Loaded } from "../components/Loaded";
import { useQueryState } from "../components/use-query-state";
import { CostByDay } from "./CostByDay";
import { MonthChooser, useMonth } from "./MonthChooser";
import { daysOf, monthName } from "./months";
import type { Prices } from "./types";
import { UsageTable } from "./UsageTable";
import { UsageTotals } from "./UsageTotals";

/** What usage can be told apart by, in the order in which the API is asked. */
const GROUPS = ["owner", "function", "day", "class"] as const;

/** What runs of a month used and cost: in all, by day, and by what is chosen. */
export function Usage() {
  const [month] = useMonth();
  const [{ group }, change] = useQueryState(["group"]);
  const days = daysOf(month);
  const span = { from: days[0], to: days.at(-1) };
  // A group of nothing is not the same as none: the first is the sum of all.
  const total = useAsk<Answer<"getUsage">>(`/usage?group=&from=${span.from}&to=${span.to}`);
  const byDay = useAsk<Answer<"getUsage">>("/usage", { ...span, group: "day" });
  const prices = useAsk<Prices>("/prices");
  const currency = prices.data?.currency ?? "";
  const asked = group.split(",");
  const chosen = GROUPS.filter((name) => asked.includes(name));
  const groups = chosen.length === 0 ? (["function"] as const) : chosen;
  // Whoever sees only their own has one owner.
  const offered = mayAs("admin") ? GROUPS : GROUPS.filter((name) => name !== "owner");
  const toggle = (name: (typeof GROUPS)[number]) => {
    const next = GROUPS.filter((each) => (each === name) !== (groups as readonly string[]).includes(each));
    change({ group: next.join(",") });
  };
  return (
    <Stack direction="column" gap={3}>
      <MonthChooser />
      <Loaded asked={total}>
        {({ items: [sums] }) =>
          sums === undefined ? (
            <Text element="p" color="secondary">
              {mayAs("admin") ? "No function" : "No function of yours"} ran in {monthName(month)}.
            </Text>
          ) : (
            <UsageTotals sums={sums} currency={currency} />
          )
        }
      </Loaded>
      {total.data !== undefined && total.data.items.length > 0 && (
        <>
          <Loaded asked={byDay}>
            {({ items }) => <CostByDay days={days} rows={items} currency={currency} />}
          </Loaded>
          <Stack direction="column" gap={1}>
            <Stack alignItems="center" gap={1} wrap="wrap">
              <Text>Told apart by</Text>
              {offered.map((name) => (
                <FilterPill
                  key={name}
                  label={name}
                  selected={(groups as readonly string[]).includes(name)}
                  onClick={() => toggle(name)}
                />
              ))}
            </Stack>
            <UsageTable groups={groups} from={span.from} to={span.to} currency={currency} />
          </Stack>
        </>
      )}
      {total.error === undefined && prices.error !== undefined && (
        <Loaded asked={prices}>{() => null}</Loaded>
      )}
    </Stack>
  );
}
