import { css } from "@emotion/css";
import type { GrafanaTheme2 } from "@grafana/data";
import { Badge, type BadgeColor, IconButton, Stack, Text, useStyles2 } from "@grafana/ui";
import type { Budget } from "../api/types";
import { Facts } from "../components/Facts";
import { ago, money, time } from "../components/format";
import { Meter, type MeterTone } from "../components/Meter";
import { percentText } from "./budget-input";
import { compareDecimals, shareOf } from "./decimals";

interface ShownBudget {
  readonly color: BadgeColor;
  readonly tone: MeterTone;
}

const STATES: Readonly<Record<Budget["state"], ShownBudget>> = {
  within: { color: "green", tone: "normal" },
  warning: { color: "orange", tone: "warning" },
  spent: { color: "red", tone: "bad" },
};

interface BudgetCardProps {
  readonly budget: Budget;
  /** Undefined: whoever looks may not. */
  readonly onEdit: (() => void) | undefined;
  readonly onDelete: (() => void) | undefined;
}

/** A budget: how much of it is spent, and where the month is heading. */
export function BudgetCard({ budget, onEdit, onDelete }: BudgetCardProps) {
  const styles = useStyles2(getStyles);
  const { owner, amount, currency, state, spent, forecast, warnAt, isHard, resetsAt, updatedAt, updatedBy } =
    budget;
  const { color, tone } = STATES[state];
  return (
    <section className={styles.card} aria-label={`Budget of ${owner}`}>
      <Stack justifyContent="space-between" alignItems="center" gap={1}>
        <Stack alignItems="center" gap={1}>
          <Text element="h2" variant="h5">
            {owner}
          </Text>
          <Badge color={color} text={state} />
        </Stack>
        <Stack gap={1}>
          {onEdit !== undefined && (
            <IconButton name="pen" tooltip={`Change the budget of ${owner}`} onClick={onEdit} />
          )}
          {onDelete !== undefined && (
            <IconButton name="trash-alt" tooltip={`Delete the budget of ${owner}`} onClick={onDelete} />
          )}
        </Stack>
      </Stack>
      <Meter
        label="Spent"
        share={state === "spent" ? 1 : shareOf(spent, amount)}
        tone={tone}
        mark={warnAt}
        text={`${spent} of ${money(amount, currency)}`}
      />
      <Facts
        facts={[
          [
            "At this rate",
            `${money(forecast, currency)} at the month’s end${compareDecimals(forecast, amount) > 0 ? ", more than the budget" : ""}`,
          ],
          ["Warns at", `${percentText(warnAt)} %`],
          ["Once spent", isHard ? "calls are refused, events wait" : "an alert fires, calls go on"],
          ["Begins anew", `${time(resetsAt)}, ${ago(resetsAt)}`],
          ["Set", `${ago(updatedAt)} by ${updatedBy}`],
        ]}
      />
    </section>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  card: css({
    display: "flex",
    flexDirection: "column",
    gap: theme.spacing(1.5),
    padding: theme.spacing(2),
    background: theme.colors.background.secondary,
    borderRadius: theme.shape.radius.default,
    minWidth: 0,
  }),
});
