import { functions } from "@gaugelet/grafana/functions/dashboard";
import { overview } from "@gaugelet/grafana/overview/dashboard";
import { CROSSED, CROSSED_SINCE, OUTPUT_VALUE } from "../recordings/outputs.ts";
import type { Alert } from "../rule.ts";
import { withOwner, withOwnerIfAny, withOwnerOfOutput } from "../text.ts";

const THRESHOLD = "function, field, severity, direction";

export const outputAlerts: readonly Alert[] = [
  {
    alert: "GaugeletOutputStale",
    // What a function left behind that no runtime has any more is nobody's to renew.
    expr: withOwnerIfAny(`
      max by (job, key, function) (avg_over_time(gaugelet_exporter_output_up[10m]))
      and
      max by (job, key, function) (gaugelet_exporter_output_up) == 0
      unless on (key)
      (gaugelet_exporter_output_up{function!=""} unless on (function) gaugelet_function_info)`),
    for: "1m",
    keepFiringFor: "1m",
    severity: "warning",
    part: "output",
    summary: "A function no longer puts anything out.",
    description:
      "The output {{ $labels.key }} is gone, too old or unreadable. In the last 10 minutes it was there {{ $value | humanizePercentage }} of the time.",
    panel: { dashboard: overview, title: "Freshness of outputs", variables: [] },
  },
  {
    alert: "GaugeletThresholdCrossed",
    expr: withOwnerOfOutput(`
      ${CROSSED}
      and
      (
        time() - ${CROSSED_SINCE}
        >= on (${THRESHOLD}) group_left ()
        max by (${THRESHOLD}) (gaugelet_function_threshold_for_seconds)
      )`),
    // The manifest says how long, and the expression waits for it.
    for: "0s",
    keepFiringFor: "1m",
    severity: "label",
    part: "output",
    summary: "An output is beyond a threshold of its function's manifest.",
    description:
      "{{ $labels.field }} of {{ $labels.function }}{{ with $labels.host }} on host {{ . }}{{ end }}{{ with $labels.shard }} for {{ . }}{{ end }} is {{ $value | humanize }}, {{ $labels.direction }} the threshold of its manifest.",
    panel: { dashboard: functions, title: "Output", variables: ["function"] },
  },
  {
    alert: "GaugeletThresholdWithoutValue",
    expr: withOwner(
      `max by (job, function, field) (gaugelet_function_threshold) unless on (function, field) ${OUTPUT_VALUE}`,
    ),
    for: "15m",
    keepFiringFor: "5m",
    severity: "info",
    part: "output",
    summary: "A threshold of a manifest has no value to be compared with.",
    description:
      "The manifest of {{ $labels.function }} has a threshold ({{ $value | humanize }}) for {{ $labels.field }}, which its output does not have.",
    panel: { dashboard: functions, title: "Output", variables: ["function"] },
  },
];
