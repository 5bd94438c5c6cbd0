import { css } from "@emotion/css";
import type { GrafanaTheme2 } from "@grafana/data";
import { useStyles2 } from "@grafana/ui";
import type { UsageRow } from "../api/types";
import { money } from "../components/format";

/** The sums of a month, as the API has summed them. */
export function UsageTotals({ sums, currency }: { sums: UsageRow; currency: string }) {
  const styles = useStyles2(getStyles);
  const shown = [
    { name: "Cost", value: money(sums.cost, currency), hint: "by the price list, before the free tier" },
    { name: "Runs", value: sums.runs.toLocaleString("en"), hint: "each call is one" },
    { name: "Billed time", value: `${sums.billedSeconds} s`, hint: "wall time of handlers" },
    { name: "Memory", value: `${sums.gigabyteSeconds} GB s`, hint: "GB of 10⁹ bytes times seconds" },
    { name: "Processor", value: `${sums.cpuSeconds} s`, hint: "processor time" },
  ];
  return (
    <dl className={styles.totals}>
      {shown.map(({ name, value, hint }) => (
        <div key={name} className={styles.total}>
          <dt className={styles.name}>{name}</dt>
          <dd className={styles.value}>{value}</dd>
          <dd className={styles.name}>{hint}</dd>
        </div>
      ))}
    </dl>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  totals: css({
    display: "flex",
    flexWrap: "wrap",
    gap: theme.spacing(1),
    margin: 0,
  }),
  total: css({
    flex: "1 1 auto",
    padding: theme.spacing(1.5),
    background: theme.colors.background.secondary,
    borderRadius: theme.shape.radius.default,
    maxWidth: "100%",
  }),
  name: css({ margin: 0, color: theme.colors.text.secondary, fontSize: theme.typography.bodySmall.fontSize }),
  value: css({
    margin: 0,
    fontSize: theme.typography.h5.fontSize,
    fontVariantNumeric: "tabular-nums",
    overflowWrap: "anywhere",
  }),
});
