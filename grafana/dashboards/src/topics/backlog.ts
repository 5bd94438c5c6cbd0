import { Seconds, Short } from "@grafana/grafana-foundation-sdk/units";
import { lineAt, type Row, rangeQuery, thresholdLine, timeseries } from "../common.ts";
import { ofFunction } from "../scope.ts";
import { thresholds } from "../thresholds.ts";
import { ofTopic, recordedOfTopic } from "./selectors.ts";

export const backlog: Row = {
  title: "Backlog",
  panels: [
    timeseries(
      "Lag",
      "Events of a topic that a function has not handled. Dashed: where the alert begins, if they also become more.",
      Short,
    )
      .span(8)
      .min(0)
      .decimals(0)
      .thresholds(lineAt(thresholds.topicLag))
      .thresholdsStyle(thresholdLine())
      .withTarget(
        rangeQuery(
          `max by (function, topic) (function:gaugelet_topic_lag_events:max{${recordedOfTopic}})`,
          "{{function}} {{topic}}",
        ),
      ),
    timeseries(
      "Age of the oldest event",
      "How long the oldest event that came to a function has waited since it was published. Dashed: where the alert begins.",
      Seconds,
    )
      .span(8)
      .min(0)
      .thresholds(lineAt(thresholds.topicEventAge))
      .thresholdsStyle(thresholdLine())
      .withTarget(
        rangeQuery(
          `max by (function, topic) (gaugelet_topic_oldest_event_age_seconds{${ofTopic}})`,
          "{{function}} {{topic}}",
        ),
      ),
    timeseries(
      "Read",
      "1 where a function reads its topics; 0 where nothing comes, because the engine is away or a topic does not exist.",
      Short,
    )
      .span(8)
      .min(0)
      .max(1)
      .decimals(0)
      .withTarget(rangeQuery(`max by (function) (gaugelet_topic_reading{${ofFunction}})`, "{{function}}")),
  ],
};
