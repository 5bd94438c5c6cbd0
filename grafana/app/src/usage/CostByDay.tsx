import { css } from "@emotion/css";
import type { GrafanaTheme2 } from "@grafana/data";
import { Text, Tooltip, useStyles2 } from "@grafana/ui";
import type { UsageRow } from "../api/types";
import { money } from "../components/format";
import { scaleOf } from "./decimals";

interface CostByDayProps {
  /** Of the whole month. */
  readonly days: readonly string[];
  /** One for each day on which something ran. */
  readonly rows: readonly UsageRow[];
  readonly currency: string;
}

/** What each day cost: bars as high as it is, and exact amounts as text. */
export function CostByDay({ days, rows, currency }: CostByDayProps) {
  const styles = useStyles2(getStyles);
  const costs = new Map(rows.map(({ day, cost }) => [day, cost]));
  const { top, lines } = scaleOf(Math.max(0, ...rows.map(({ cost }) => Number(cost))));
  return (
    <figure style={{ margin: 0 }}>
      <figcaption>
        <Text element="h2" variant="h5">
          Cost by day{currency === "" ? "" : `, in ${currency}`}
        </Text>
      </figcaption>
      <div className={styles.plot}>
        <div className={styles.scale} aria-hidden>
          {lines.toReversed().map((line) => (
            <span key={line}>{line}</span>
          ))}
        </div>
        <div className={styles.area}>
          <div className={styles.lines} aria-hidden>
            {lines.map((line) => (
              <div key={line} className={styles.line} />
            ))}
          </div>
          <ol className={styles.bars}>
            {days.map((day) => {
              const cost = costs.get(day);
              if (cost === undefined)
                return <li key={day} aria-label={`${day}: nothing ran`} className={styles.day} />;
              const text = `${day}: ${money(cost, currency)}`;
              return (
                <Tooltip key={day} content={text}>
                  <li aria-label={text} className={styles.day}>
                    <div className={styles.bar} style={{ height: `${(Number(cost) / top) * 100}%` }} />
                  </li>
                </Tooltip>
              );
            })}
          </ol>
        </div>
        <div className={styles.names} aria-hidden>
          {days.map((day, index) => (
            <span key={day}>{index === 0 || (index + 1) % 5 === 0 ? index + 1 : ""}</span>
          ))}
        </div>
      </div>
      <Text element="p" color="secondary" variant="bodySmall">
        Point at a bar, or reach it by the Tab key, for the exact cost of its day. The table tells days apart
        too.
      </Text>
    </figure>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  plot: css({
    display: "grid",
    gridTemplateColumns: "max-content 1fr",
    gap: theme.spacing(0, 1),
    margin: theme.spacing(1, 0),
    fontSize: theme.typography.bodySmall.fontSize,
    color: theme.colors.text.secondary,
    fontVariantNumeric: "tabular-nums",
  }),
  // Its texts stand at the lines: the first and the last reach beyond the area by half their height.
  scale: css({
    display: "flex",
    flexDirection: "column",
    justifyContent: "space-between",
    textAlign: "right",
    margin: "-0.75em 0",
    lineHeight: "1.5em",
  }),
  area: css({ position: "relative", height: 160 }),
  lines: css({
    position: "absolute",
    inset: 0,
    display: "flex",
    flexDirection: "column",
    justifyContent: "space-between",
  }),
  line: css({ height: 0, borderTop: `1px solid ${theme.colors.border.weak}` }),
  bars: css({ position: "absolute", inset: 0, display: "flex", margin: 0, padding: 0, listStyle: "none" }),
  day: css({
    flex: 1,
    display: "flex",
    alignItems: "flex-end",
    justifyContent: "center",
    minWidth: 0,
    "&:hover": { background: theme.colors.action.hover },
  }),
  bar: css({
    width: "75%",
    // A day that cost something is seen, however little that is beside others.
    minHeight: 1,
    background: theme.colors.primary.main,
    borderRadius: `${theme.shape.radius.default} ${theme.shape.radius.default} 0 0`,
  }),
  names: css({
    gridColumn: 2,
    display: "flex",
    marginTop: theme.spacing(0.5),
    "& > span": { flex: 1, textAlign: "center", width: 0 },
  }),
});
