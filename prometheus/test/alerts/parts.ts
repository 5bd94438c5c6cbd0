import type { AlertCase } from "./case.ts";

const PARTS = ["gaugelet-overview", "Parts"] as const;

function down(
  alert: string,
  job: string,
  series: string,
  description: string,
  labels: Readonly<Record<string, string>> = {},
): AlertCase {
  return {
    alert,
    series: { [`${series}{job="${job}",instance="i:1"}`]: "1x20 0x10 1x100" },
    breaks: 630,
    mends: 960,
    labels: { job, instance: "i:1", ...labels },
    description,
    panel: PARTS,
  };
}

export const partCases: readonly AlertCase[] = [
  down(
    "GaugeletRedisDown",
    "exporter",
    "gaugelet_exporter_redis_up",
    "Redis does not answer the exporter i:1. In the last 10 minutes it answered 90.48% of the time.",
  ),
  down(
    "GaugeletRuntimeDown",
    "runtime",
    "up",
    "The runtime i:1 does not answer Prometheus. In the last 10 minutes it answered 85.71% of the time.",
    { answers: "none" },
  ),
  down(
    "GaugeletExporterDown",
    "exporter",
    "up",
    "The exporter i:1 does not answer Prometheus. In the last 10 minutes it answered 85.71% of the time.",
  ),
  down(
    "GaugeletTargetDown",
    "alertmanager",
    "up",
    "alertmanager i:1 does not answer Prometheus. In the last 10 minutes it answered 76.19% of the time.",
  ),
  {
    alert: "GaugeletConfigurationNotReloaded",
    series: {
      'gaugelet_exporter_config_last_reload_successful{job="exporter",instance="i:1"}': "1x20 0x10 1x10",
      'gaugelet_exporter_config_last_reload_success_timestamp_seconds{job="exporter",instance="i:1"}': "0x60",
      'prometheus_config_last_reload_successful{job="prometheus",instance="i:2"}': "1x60",
      'prometheus_config_last_reload_success_timestamp_seconds{job="prometheus",instance="i:2"}': "0x60",
    },
    breaks: 630,
    mends: 960,
    labels: { job: "exporter", instance: "i:1" },
    description: "exporter i:1 could not read its newest configuration; what is in force is 11m 30s old.",
    panel: ["gaugelet-overview", "Configurations in force"],
  },
  {
    alert: "GaugeletRulesFailing",
    series: {
      'prometheus_rule_evaluation_failures_total{job="prometheus",instance="i:1",rule_group="g"}':
        "0x20 1+1x20 21x40",
    },
    breaks: 630,
    mends: 1530,
    labels: { job: "prometheus", instance: "i:1", rule_group: "g" },
    description: "Rules of g failed 10 times in the last 5 minutes on Prometheus i:1.",
    panel: ["gaugelet-overview", "Rules and notifications that fail"],
  },
  {
    alert: "GaugeletNotificationsFailing",
    series: {
      'alertmanager_notifications_total{job="alertmanager",instance="i:1",integration="webhook"}': "0+1x100",
      'alertmanager_notifications_failed_total{job="alertmanager",instance="i:1",integration="webhook"}':
        "0x20 1+1x20 21x40",
    },
    breaks: 660,
    mends: 1500,
    labels: { job: "alertmanager", instance: "i:1", integration: "webhook" },
    description: "100% of the notifications by webhook failed in the last 5 minutes, above 10 %.",
    panel: ["gaugelet-overview", "Rules and notifications that fail"],
  },
];
