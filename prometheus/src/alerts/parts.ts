import { overview } from "@gaugelet/grafana/overview/dashboard";
import { thresholds } from "@gaugelet/grafana/thresholds";
import type { Alert, PanelLink } from "../rule.ts";
import { percent, whole } from "../text.ts";

const parts: PanelLink = { dashboard: overview, title: "Parts", variables: [] };

const ANSWERED = "In the last 10 minutes it answered {{ $value | humanizePercentage }} of the time.";

/**
 * Longer than what follows from it goes on, such as GaugeletTopicNotRead: Alertmanager keeps that back only as long as
 * the cause fires, and would tell it when all is well again.
 */
const OUTLASTING = "2m";

/** True where a target does not answer, or is not known at all; the value is how much it did. */
function isDown(job: string): string {
  const up = `up{job="${job}"}`;
  return `avg_over_time(${up}[10m]) and ${up} == 0 or absent(${up}) * 0`;
}

/** The same, with the label `answers="none"` where no other target of the job answers either. */
function isDownOrAllAre(job: string): string {
  const down = isDown(job);
  return `
    label_replace(${down}, "answers", "none", "", "") unless on () up{job="${job}"} == 1
    or ignoring (answers)
    (${down})`;
}

const RELOADING = [
  "gaugelet_runtime_config",
  "gaugelet_exporter_config",
  "prometheus_config",
  "alertmanager_config",
];

export const partAlerts: readonly Alert[] = [
  {
    alert: "GaugeletRedisDown",
    expr: "avg_over_time(gaugelet_exporter_redis_up[10m]) and gaugelet_exporter_redis_up == 0",
    for: "30s",
    keepFiringFor: OUTLASTING,
    severity: "critical",
    part: "redis",
    summary: "Redis does not answer: nothing is stored and nothing exported.",
    description: `Redis does not answer the exporter {{ $labels.instance }}. ${ANSWERED}`,
    panel: parts,
  },
  {
    alert: "GaugeletRuntimeDown",
    // Alertmanager keeps back what follows from it where all are down: one of several takes nothing along.
    expr: isDownOrAllAre("runtime"),
    for: "1m",
    keepFiringFor: OUTLASTING,
    severity: "critical",
    part: "target",
    summary: "The runtime does not answer: functions may not run.",
    description: `The runtime {{ $labels.instance }} does not answer Prometheus. ${ANSWERED}`,
    panel: parts,
  },
  {
    alert: "GaugeletExporterDown",
    expr: isDown("exporter"),
    for: "1m",
    keepFiringFor: "1m",
    severity: "critical",
    part: "target",
    summary: "The exporter does not answer: outputs and hosts cannot be seen.",
    description: `The exporter {{ $labels.instance }} does not answer Prometheus. ${ANSWERED}`,
    panel: parts,
  },
  {
    alert: "GaugeletTargetDown",
    expr: 'avg_over_time(up{job!~"runtime|exporter"}[10m]) and up{job!~"runtime|exporter"} == 0',
    for: "2m",
    keepFiringFor: "1m",
    severity: "warning",
    part: "target",
    summary: "Something that Prometheus is to scrape does not answer.",
    description: `{{ $labels.job }} {{ $labels.instance }} does not answer Prometheus. ${ANSWERED}`,
    panel: parts,
  },
  {
    alert: "GaugeletConfigurationNotReloaded",
    expr: RELOADING.map(
      (name) =>
        `(time() - ${name}_last_reload_success_timestamp_seconds and on (job, instance) ${name}_last_reload_successful == 0)`,
    ).join("\nor\n"),
    for: "1m",
    keepFiringFor: "1m",
    severity: "warning",
    part: "monitoring",
    summary: "A changed configuration or certificate is not in force, because it is wrong.",
    description:
      "{{ $labels.job }} {{ $labels.instance }} could not read its newest configuration; what is in force is {{ $value | humanizeDuration }} old.",
    panel: { dashboard: overview, title: "Configurations in force", variables: [] },
  },
  {
    alert: "GaugeletRulesFailing",
    expr: `${whole("sum by (job, instance, rule_group) (increase(prometheus_rule_evaluation_failures_total[5m]))")} > 0`,
    for: "5m",
    keepFiringFor: "5m",
    severity: "warning",
    part: "monitoring",
    summary: "Prometheus cannot evaluate some of its rules: alerts may be missing.",
    description:
      "Rules of {{ $labels.rule_group }} failed {{ $value | humanize }} times in the last 5 minutes on Prometheus {{ $labels.instance }}.",
    panel: { dashboard: overview, title: "Rules and notifications that fail", variables: [] },
  },
  {
    alert: "GaugeletNotificationsFailing",
    expr: `
      sum by (job, instance, integration) (rate(alertmanager_notifications_failed_total[5m]))
      /
      sum by (job, instance, integration) (rate(alertmanager_notifications_total[5m]))
      > ${thresholds.notificationFailures}`,
    for: "5m",
    keepFiringFor: "5m",
    severity: "warning",
    part: "monitoring",
    summary: "Alertmanager cannot tell people about alerts.",
    description: `{{ $value | humanizePercentage }} of the notifications by {{ $labels.integration }} failed in the last 5 minutes, above ${percent(thresholds.notificationFailures)}.`,
    panel: { dashboard: overview, title: "Rules and notifications that fail", variables: [] },
  },
];
