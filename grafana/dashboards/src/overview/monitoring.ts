import { BoolOnOff, CountsPerSecond } from "@grafana/grafana-foundation-sdk/units";
import { colour, fixedColour, type Row, rangeQuery, timeseries } from "../common.ts";
import { scope } from "../scope.ts";

export const monitoring: Row = {
  title: "Monitoring",
  panels: [
    timeseries(
      "Configurations in force",
      "On where the newest configuration, certificates included, is in force; off where it is wrong and the one before stays.",
      BoolOnOff,
    )
      .min(0)
      .max(1)
      .withTarget(
        rangeQuery(`min by (job) (gaugelet_runtime_config_last_reload_successful{${scope}})`, "{{job}}"),
      )
      .withTarget(
        rangeQuery(`min by (job) (gaugelet_exporter_config_last_reload_successful{${scope}})`, "{{job}}"),
      )
      .withTarget(rangeQuery(`min by (job) (prometheus_config_last_reload_successful{${scope}})`, "{{job}}"))
      .withTarget(
        rangeQuery(`min by (job) (alertmanager_config_last_reload_successful{${scope}})`, "{{job}}"),
      ),
    timeseries(
      "Rules and notifications that fail",
      "Evaluations of rules, and notifications of people, that failed per second. Should be zero.",
      CountsPerSecond,
    )
      .min(0)
      .axisSoftMax(1)
      .withTarget(
        rangeQuery(
          `sum(rate(prometheus_rule_evaluation_failures_total{${scope}}[$__rate_interval]))`,
          "rules",
        ),
      )
      .withTarget(
        rangeQuery(
          `sum(rate(alertmanager_notifications_failed_total{${scope}}[$__rate_interval]))`,
          "notifications",
        ),
      )
      .overrideByName("rules", [fixedColour(colour.blue)])
      .overrideByName("notifications", [fixedColour(colour.orange)]),
  ],
};
