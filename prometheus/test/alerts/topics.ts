import type { AlertCase } from "./case.ts";

const f = 'job="runtime",instance="r",function="f"';
const manifest = { [`gaugelet_function_info{${f},owner="data-team"}`]: "1x400" };
const labels = { job: "runtime", function: "f", owner: "data-team" };
const ofTopic = { ...labels, topic: "orders" };

export const topicCases: readonly AlertCase[] = [
  {
    alert: "GaugeletTopicLagGrowing",
    series: {
      ...manifest,
      [`gaugelet_topic_lag_events{${f},topic="orders"}`]: "0x10 1100+100x20 3100x10 0x20",
    },
    breaks: 330,
    mends: 1230,
    labels: ofTopic,
    description: "f is 2.1k events of the topic orders behind, and they become more.",
    panel: ["gaugelet-topics", "Lag", "var-function=f&var-topic=orders"],
  },
  {
    alert: "GaugeletTopicEventsOld",
    series: {
      ...manifest,
      [`gaugelet_topic_oldest_event_age_seconds{${f},topic="orders"}`]: "10x10 400x20 10x20",
    },
    breaks: 330,
    mends: 960,
    labels: ofTopic,
    description: "The oldest event of the topic orders has waited 6m 40s for f.",
    panel: ["gaugelet-topics", "Age of the oldest event", "var-function=f&var-topic=orders"],
  },
  {
    alert: "GaugeletTopicNotRead",
    series: { ...manifest, [`gaugelet_topic_reading{${f}}`]: "1x10 0x20 1x20" },
    breaks: 330,
    mends: 960,
    labels,
    description: "0 runtimes get events of topics for f: the engine is away, or a topic does not exist.",
    panel: ["gaugelet-topics", "Read", "var-function=f"],
  },
  {
    alert: "GaugeletTopicEventsRetried",
    series: { ...manifest, [`gaugelet_topic_retries_total{${f},topic="orders"}`]: "_x10 1x10 21x60" },
    breaks: 630,
    mends: 1230,
    labels: ofTopic,
    description: "20 events of the topic orders failed at f and were tried again in the last 10m.",
    panel: ["gaugelet-topics", "Retries", "var-function=f&var-topic=orders"],
  },
];
