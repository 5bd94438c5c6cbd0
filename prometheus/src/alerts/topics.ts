import { thresholds, windows } from "@gaugelet/grafana/thresholds";
import { topics } from "@gaugelet/grafana/topics/dashboard";
import type { Alert, PanelLink } from "../rule.ts";
import { whole, withOwner } from "../text.ts";

const LAG = "function:gaugelet_topic_lag_events:max";

const onTopics = (title: string, ...variables: string[]): PanelLink => ({
  dashboard: topics,
  title,
  variables,
});

export const topicAlerts: readonly Alert[] = [
  {
    alert: "GaugeletTopicLagGrowing",
    expr: withOwner(`${LAG} > ${thresholds.topicLag} and deriv(${LAG}[5m]) > 0`),
    for: "5m",
    keepFiringFor: "5m",
    severity: "warning",
    part: "function",
    summary: "A function falls behind a topic.",
    description:
      "{{ $labels.function }} is {{ $value | humanize }} events of the topic {{ $labels.topic }} behind, and they become more.",
    panel: onTopics("Lag", "function", "topic"),
  },
  {
    alert: "GaugeletTopicEventsOld",
    expr: withOwner(
      `max by (job, function, topic) (gaugelet_topic_oldest_event_age_seconds) > ${thresholds.topicEventAge}`,
    ),
    for: "2m",
    keepFiringFor: "2m",
    severity: "warning",
    part: "function",
    summary: "Events of a topic wait for long.",
    description:
      "The oldest event of the topic {{ $labels.topic }} has waited {{ $value | humanizeDuration }} for {{ $labels.function }}.",
    panel: onTopics("Age of the oldest event", "function", "topic"),
  },
  {
    alert: "GaugeletTopicNotRead",
    expr: withOwner("max by (job, function) (gaugelet_topic_reading) == 0"),
    for: "1m",
    keepFiringFor: "1m",
    severity: "critical",
    part: "function",
    summary: "A function gets no events of its topics.",
    description:
      "{{ $value | humanize }} runtimes get events of topics for {{ $labels.function }}: the engine is away, or a topic does not exist.",
    panel: onTopics("Read", "function"),
  },
  {
    alert: "GaugeletTopicEventsRetried",
    expr: withOwner(
      `${whole(`sum by (job, function, topic) (increase(gaugelet_topic_retries_total[${windows.retries}]))`)} > ${thresholds.topicRetries}`,
    ),
    for: "5m",
    keepFiringFor: "5m",
    severity: "warning",
    part: "function",
    summary: "Events of a topic fail and are tried again, again and again.",
    description: `{{ $value | humanize }} events of the topic {{ $labels.topic }} failed at {{ $labels.function }} and were tried again in the last ${windows.retries}.`,
    panel: onTopics("Retries", "function", "topic"),
  },
];
