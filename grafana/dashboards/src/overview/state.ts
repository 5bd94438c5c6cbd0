import { BigValueColorMode, BigValueGraphMode } from "@grafana/grafana-foundation-sdk/common";
import { MappingType, ThresholdsConfigBuilder } from "@grafana/grafana-foundation-sdk/dashboard";
import { RequestsPerSecond, Seconds, Short } from "@grafana/grafana-foundation-sdk/units";
import { alarmFrom, colour, nowQuery, type Row, rangeQuery, stat } from "../common.ts";
import { recordedScope, scope } from "../scope.ts";
import { windows } from "../thresholds.ts";

/** What a first look answers. */
export const state: Row = {
  title: "Is everything well?",
  panels: [
    stat(
      "Parts",
      "Whether each part answers Prometheus, and Redis the exporter; no exporter, no word of Redis.",
      Short,
    )
      .height(5)
      .span(24)
      .graphMode(BigValueGraphMode.None)
      .colorMode(BigValueColorMode.BackgroundSolid)
      .thresholds(
        new ThresholdsConfigBuilder().steps([
          { value: null, color: colour.vermilion },
          { value: 1, color: colour.green },
        ]),
      )
      .mappings([
        {
          type: MappingType.ValueToText,
          options: { "0": { text: "Down", index: 0 }, "1": { text: "Up", index: 1 } },
        },
      ])
      .withTarget(nowQuery(`min by (job) (up{${scope}})`, "{{job}}"))
      .withTarget(nowQuery(`min(gaugelet_exporter_redis_up{${scope}})`, "redis")),
    counted(
      "Alerts that fire",
      "How many alerts fire now.",
      `count(ALERTS{${recordedScope}, alertstate="firing"}) or vector(0)`,
      "alerts",
    ),
    counted(
      "Functions with failures",
      `Functions of which a call failed in the last ${windows.failures}.`,
      `sum(function:gaugelet_function_failures:ratio_rate${windows.failures}{${recordedScope}} > bool 0) or vector(0)`,
      "functions",
    ),
    stat("Oldest output", "Time since the output that was not renewed for longest was stored.", Seconds)
      .span(6)
      .decimals(0)
      .withTarget(
        rangeQuery(
          `max(time() - max by (function, host, shard) (gaugelet_output_timestamp_seconds{${scope}}))`,
          "age",
        ),
      ),
    stat("Calls", "Calls of all functions per second.", RequestsPerSecond)
      .span(6)
      .withTarget(
        rangeQuery(`sum(rate(gaugelet_function_invocations_total{${scope}}[$__rate_interval]))`, "calls"),
      ),
  ],
};

/** A number that is to be zero. */
function counted(title: string, description: string, expression: string, legend: string) {
  return stat(title, description, Short)
    .span(6)
    .colorMode(BigValueColorMode.BackgroundSolid)
    .thresholds(alarmFrom(1))
    .withTarget(rangeQuery(expression, legend));
}
