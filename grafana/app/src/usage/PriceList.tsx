import { css } from "@emotion/css";
import type { GrafanaTheme2 } from "@grafana/data";
import { Alert, Badge, Stack, Text, useStyles2 } from "@grafana/ui";
import { useAsk } from "../api/use-ask";
import { Loaded } from "../components/Loaded";
import { grouped } from "./decimals";
import type { PricePeriod, Prices } from "./types";

const CLASSES = ["standard", "premium"] as const;

/** What things cost, and how that becomes a bill. */
export function PriceList() {
  const asked = useAsk<Prices>("/prices");
  return (
    <Loaded asked={asked}>
      {({ currency, correctsFrom, periods }) => (
        <Stack direction="column" gap={3}>
          <Explanation currency={currency} />
          {correctsFrom !== undefined && (
            <Alert severity="warning" title={`The list corrects prices from ${correctsFrom} on`}>
              Days that are over may change their prices. An administrator takes correctsFrom out of the list
              once that is done.
            </Alert>
          )}
          {periods
            .map((period, index) => ({ period, next: periods[index + 1] }))
            .toReversed()
            .map(({ period, next }) => (
              <Period key={period.from} period={period} next={next} currency={currency} />
            ))}
        </Stack>
      )}
    </Loaded>
  );
}

function Explanation({ currency }: { currency: string }) {
  const styles = useStyles2(getStyles);
  return (
    <div className={styles.text}>
      <p>
        A run costs three things: the call itself; its memory, which is the most that the worker’s process has
        used times the time that the handler took; and processor time. Time has no price of its own. Waiting
        for a worker, starting one and storing the output cost nothing.
      </p>
      <p>
        Each owner has the free tier once a month. It is used up first: by day, then class, then function. The
        rest is priced by the list that holds on its day. Amounts are exact decimals in {currency}; a line of
        a bill is rounded once, to the smallest coin.
      </p>
      <p>Functions of a class with a weight of 4 or more cost what premium does. A GB is 10⁹ bytes.</p>
    </div>
  );
}

interface PeriodProps {
  readonly period: PricePeriod;
  /** Undefined: it lasts. */
  readonly next: PricePeriod | undefined;
  readonly currency: string;
}

function Period({ period: { from, prices, freeTier }, next, currency }: PeriodProps) {
  const styles = useStyles2(getStyles);
  const today = new Date().toISOString().slice(0, 10);
  const holds = from <= today && (next === undefined || today < next.from);
  return (
    <section aria-label={`Prices from ${from}`}>
      <Stack alignItems="center" gap={1}>
        <Text element="h2" variant="h5">
          From {from}
          {next === undefined ? "" : ` until ${next.from}`}
        </Text>
        {holds && <Badge color="green" text="holds today" />}
        {from > today && <Badge color="blue" text="to come" />}
      </Stack>
      <table className={styles.table}>
        <thead>
          <tr>
            <th scope="col">{currency} for</th>
            {CLASSES.map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
            <th scope="col">free each month</th>
          </tr>
        </thead>
        <tbody>
          <tr>
            <th scope="row">a million calls</th>
            {CLASSES.map((name) => (
              <td key={name}>{prices[name].perMillionInvocations}</td>
            ))}
            <td>{grouped(String(freeTier.invocations))} calls</td>
          </tr>
          <tr>
            <th scope="row">a GB of memory for a second</th>
            {CLASSES.map((name) => (
              <td key={name}>{prices[name].perGigabyteSecond}</td>
            ))}
            <td>{grouped(String(freeTier.gigabyteSeconds))} GB s</td>
          </tr>
          <tr>
            <th scope="row">a second of processor time</th>
            {CLASSES.map((name) => (
              <td key={name}>{prices[name].perCpuSecond}</td>
            ))}
            <td>{grouped(String(freeTier.cpuSeconds))} s</td>
          </tr>
        </tbody>
      </table>
    </section>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  text: css({ maxWidth: "46rem" }),
  table: css({
    marginTop: theme.spacing(1),
    fontVariantNumeric: "tabular-nums",
    "th, td": { padding: theme.spacing(0.75, 2), textAlign: "right" },
    "th:first-of-type": { textAlign: "left", paddingLeft: 0 },
    th: { fontWeight: theme.typography.fontWeightRegular, color: theme.colors.text.secondary },
    "tbody tr": { borderTop: `1px solid ${theme.colors.border.weak}` },
  }),
});
