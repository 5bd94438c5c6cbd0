import { type Row, rangeQuery, timeseries } from "../common.ts";
import { ofUsage } from "./selectors.ts";

export const functions: Row = {
  title: "Functions",
  panels: [
    spent("Cost by function", "What functions cost in an hour, without the free tier.", "function"),
    spent("Cost by class", "What the classes cost in an hour, without the free tier.", "class"),
    used(
      "Billed time",
      "Time in the handler, each call rounded up to a millisecond, per second.",
      "gaugelet_usage_billed_seconds_total",
      "s/s",
    ),
    used(
      "Memory over time",
      "Gigabytes (10^9 bytes) times billed seconds, per second.",
      "gaugelet_usage_gigabyte_seconds_total",
      "GB·s/s",
    ),
  ],
};

function spent(title: string, description: string, label: string) {
  return timeseries(title, `${description} In the price list's currency.`, "/h")
    .min(0)
    .withTarget(
      rangeQuery(
        `sum by (owner, ${label}) (rate(gaugelet_usage_cost_total{${ofUsage}}[$__rate_interval])) * 3600`,
        `{{${label}}} {{owner}}`,
      ),
    );
}

function used(title: string, description: string, counter: string, unit: string) {
  return timeseries(title, description, unit)
    .min(0)
    .withTarget(
      rangeQuery(
        `sum by (function, class) (rate(${counter}{${ofUsage}}[$__rate_interval]))`,
        "{{function}} {{class}}",
      ),
    );
}
