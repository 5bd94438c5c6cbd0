import { Short } from "@grafana/grafana-foundation-sdk/units";
import { type Row, rangeQuery, stat, timeseries } from "../common.ts";
import { ofOwner } from "./selectors.ts";

const CURRENCY = "In the price list's currency, as far as runs are in the database.";

export const owners: Row = {
  title: "Owners",
  panels: [
    amount("Today", `What the chosen owners spent since midnight (UTC). ${CURRENCY}`, "today"),
    amount("This month", `What they spent since the first of the month (UTC). ${CURRENCY}`, "month"),
    amount(
      "By the end of the month",
      `What the month comes to if it goes on as it did so far. ${CURRENCY}`,
      "month_forecast",
    ),
    byOwner("Today by owner", "What each owner spent since midnight (UTC).", "today"),
    byOwner("This month by owner", "What each owner spent since the first of the month (UTC).", "month"),
    byOwner(
      "By the end of the month, by owner",
      "What the month comes to for each owner if it goes on as it did so far.",
      "month_forecast",
    ),
  ],
};

/** Every runtime says the same of an owner. */
function amount(title: string, description: string, name: string) {
  return stat(title, description, Short)
    .decimals(2)
    .withTarget(rangeQuery(`sum(max by (owner) (gaugelet_owner_cost_${name}{${ofOwner}}))`, "all"));
}

function byOwner(title: string, description: string, name: string) {
  return timeseries(title, description, Short)
    .span(8)
    .min(0)
    .withTarget(rangeQuery(`max by (owner) (gaugelet_owner_cost_${name}{${ofOwner}})`, "{{owner}}"));
}
