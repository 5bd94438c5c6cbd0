import { Short } from "@grafana/grafana-foundation-sdk/units";
import { type Row, rangeQuery, timeseries } from "../common.ts";
import { ofFunction, recordedOfFunction } from "../scope.ts";
import { windows } from "../thresholds.ts";
import { ofTopic } from "./selectors.ts";

const PER_SECOND = "events/s";

export const flow: Row = {
  title: "Flow",
  panels: [
    timeseries("Events in", "Events of a topic that come to a function, per second.", PER_SECOND)
      .span(8)
      .min(0)
      .withTarget(
        rangeQuery(
          `sum by (function, topic) (rate(gaugelet_topic_consumed_events_total{${ofTopic}}[$__rate_interval]))`,
          "{{function}} {{topic}}",
        ),
      ),
    timeseries("Events out", "Outputs that a function publishes to a topic, per second.", PER_SECOND)
      .span(8)
      .min(0)
      .withTarget(
        rangeQuery(
          `sum by (function, topic) (rate(gaugelet_topic_published_events_total{${ofFunction}}[$__rate_interval]))`,
          "{{function}} → {{topic}}",
        ),
      ),
    timeseries(
      "Partitions newly assigned",
      `Partitions that a function was assigned in the last ${windows.assignments}. Many times as many as it has: its group is rebalanced again and again.`,
      Short,
    )
      .span(8)
      .min(0)
      .decimals(0)
      .axisSoftMax(1)
      .withTarget(
        rangeQuery(
          `sum by (function) (function:gaugelet_topic_assignments:increase${windows.assignments}{${recordedOfFunction}})`,
          "{{function}}",
        ),
      ),
  ],
};
