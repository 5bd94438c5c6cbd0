import { type Row, rangeQuery, timeseries } from "../common.ts";
import { ofTopic } from "./selectors.ts";

const PER_SECOND = "events/s";

export const failures: Row = {
  title: "Failures",
  panels: [
    timeseries("Retries", "Events that failed and are tried again, per second.", PER_SECOND)
      .min(0)
      .axisSoftMax(0.1)
      .withTarget(
        rangeQuery(
          `sum by (function, topic) (rate(gaugelet_topic_retries_total{${ofTopic}}[$__rate_interval]))`,
          "{{function}} {{topic}}",
        ),
      ),
    timeseries("Dead letters", "Events that failed for good and were put aside, per second.", PER_SECOND)
      .min(0)
      .axisSoftMax(0.1)
      .withTarget(
        rangeQuery(
          `sum by (function, topic) (rate(gaugelet_dead_letter_events_total{${ofTopic}}[$__rate_interval]))`,
          "{{function}} {{topic}}",
        ),
      ),
  ],
};
