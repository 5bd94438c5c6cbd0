import { css } from "@emotion/css";
import type { GrafanaTheme2 } from "@grafana/data";
import { Badge, IconButton, TextLink, useStyles2 } from "@grafana/ui";
import { Fragment, useState } from "react";
import { money } from "../components/format";
import { APP_PATH } from "../constants";
import type { BillLine } from "./types";

interface BillLinesProps {
  readonly lines: readonly BillLine[];
  readonly currency: string;
  readonly total: string;
}

/** The lines of a bill; each can be opened to its days. */
export function BillLines({ lines, currency, total }: BillLinesProps) {
  const styles = useStyles2(getStyles);
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const toggle = (key: string) =>
    setOpen((last) =>
      last.has(key) ? new Set([...last].filter((each) => each !== key)) : new Set([...last, key]),
    );
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard
    <section className={styles.scroller} tabIndex={0} aria-label="Lines of the bill">
      <table className={styles.table}>
        <thead>
          <tr>
            <th scope="col" aria-label="Days" />
            <th scope="col">Function</th>
            <th scope="col">Runs</th>
            <th scope="col">Memory</th>
            <th scope="col">Processor</th>
            <th scope="col">Amount in {currency}</th>
          </tr>
        </thead>
        <tbody>
          {lines.map((line) => {
            const key = `${line.function} ${line.class}`;
            const isOpen = open.has(key);
            return (
              <Fragment key={key}>
                <tr>
                  <td>
                    <IconButton
                      name={isOpen ? "angle-down" : "angle-right"}
                      aria-label={`Days of ${line.function}, ${line.class}`}
                      aria-expanded={isOpen}
                      onClick={() => toggle(key)}
                    />
                  </td>
                  <th scope="row">
                    <TextLink href={`${APP_PATH}/functions/${line.function}`}>{line.function}</TextLink>{" "}
                    <Badge color="darkgrey" text={line.class} />
                  </th>
                  <Quantity
                    used={line.runs.toLocaleString("en")}
                    amount={money(line.amounts.invocations, currency)}
                  />
                  <Quantity
                    used={`${line.gigabyteSeconds} GB s`}
                    amount={money(line.amounts.gigabyteSeconds, currency)}
                  />
                  <Quantity used={`${line.cpuSeconds} s`} amount={money(line.amounts.cpuSeconds, currency)} />
                  <td className={styles.amount}>{line.amount}</td>
                </tr>
                {isOpen &&
                  line.days.map((day) => (
                    <tr key={day.day} className={styles.day}>
                      <td />
                      <th scope="row">{day.day}</th>
                      <td>{day.runs.toLocaleString("en")}</td>
                      <td>{day.gigabyteSeconds} GB s</td>
                      <td>{day.cpuSeconds} s</td>
                      <td>{day.amount}</td>
                    </tr>
                  ))}
              </Fragment>
            );
          })}
        </tbody>
        <tfoot>
          <tr>
            <td />
            <th scope="row" colSpan={4}>
              Total
            </th>
            <td className={styles.amount}>{total}</td>
          </tr>
        </tfoot>
      </table>
    </section>
  );
}

/** What was used, and what it costs beyond the free tier. */
function Quantity({ used, amount }: { used: string; amount: string }) {
  const styles = useStyles2(getStyles);
  return (
    <td>
      {used}
      <div className={styles.price}>{amount}</div>
    </td>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  scroller: css({ overflowX: "auto" }),
  table: css({
    width: "100%",
    fontVariantNumeric: "tabular-nums",
    "th, td": {
      padding: theme.spacing(0.75, 1),
      textAlign: "right",
      verticalAlign: "top",
      whiteSpace: "nowrap",
    },
    "th:nth-of-type(1)[scope=row], thead th:nth-of-type(2)": { textAlign: "left" },
    th: { fontWeight: theme.typography.fontWeightRegular },
    thead: { color: theme.colors.text.secondary },
    "tbody tr, tfoot tr": { borderTop: `1px solid ${theme.colors.border.weak}` },
    "td:first-of-type": { width: theme.spacing(4), textAlign: "left" },
    tfoot: { "th, td": { fontWeight: theme.typography.fontWeightMedium } },
  }),
  price: css({ color: theme.colors.text.secondary, fontSize: theme.typography.bodySmall.fontSize }),
  amount: css({ fontWeight: theme.typography.fontWeightMedium }),
  day: css({ color: theme.colors.text.secondary, fontSize: theme.typography.bodySmall.fontSize }),
});
