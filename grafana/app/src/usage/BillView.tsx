import { css } from "@emotion/css";
import type { GrafanaTheme2 } from "@grafana/data";
import { Grid, Stack, Text, useStyles2 } from "@grafana/ui";
import { money } from "../components/format";
import { Meter } from "../components/Meter";
import { BillLines } from "./BillLines";
import { grouped, shareOf } from "./decimals";
import type { Bill } from "./types";

/** A bill: its lines, what of them was free, and the total. */
export function BillView({ bill }: { bill: Bill }) {
  const styles = useStyles2(getStyles);
  const { owner, currency, lines, freeTier, total, exactTotal } = bill;
  const title = owner === "" ? "Functions without an owner" : owner;
  const free = [
    { name: "Runs", unit: "", ...freeTier.invocations },
    { name: "Memory", unit: " GB s", ...freeTier.gigabyteSeconds },
    { name: "Processor", unit: " s", ...freeTier.cpuSeconds },
  ];
  return (
    <section className={styles.bill} aria-label={`Bill of ${title}`}>
      <Stack justifyContent="space-between" alignItems="baseline" gap={2} wrap="wrap">
        <Text element="h2" variant="h4">
          {title}
        </Text>
        <Text element="p" variant="h4" tabular>
          {money(total, currency)}
        </Text>
      </Stack>
      {lines.length === 0 ? (
        <Text color="secondary">Nothing was used.</Text>
      ) : (
        <BillLines lines={lines} currency={currency} total={total} />
      )}
      {lines.length > 0 && (
        <Text element="p" color="secondary" variant="bodySmall">
          A line is rounded to the smallest coin, half of one up; the total is the sum of the rounded lines.
          Before rounding it is {money(exactTotal, currency)}.
        </Text>
      )}
      <Stack direction="column" gap={1}>
        <Text element="h3" variant="h6">
          Free of charge each month
        </Text>
        <Grid gap={2} columns={{ xs: 1, md: 3 }}>
          {free.map(({ name, unit, used, included }) => (
            <Meter
              key={name}
              label={name}
              share={shareOf(used, included)}
              text={`${grouped(used)} of ${grouped(included)}${unit} used`}
            />
          ))}
        </Grid>
      </Stack>
    </section>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  bill: css({
    display: "flex",
    flexDirection: "column",
    gap: theme.spacing(2),
    padding: theme.spacing(2),
    background: theme.colors.background.secondary,
    borderRadius: theme.shape.radius.default,
  }),
});
