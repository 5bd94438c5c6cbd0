import type { Dashboard } from "@grafana/grafana-foundation-sdk/dashboard";
import { addRows, multiQueryVariable, newDashboard } from "../common.ts";
import { deployments } from "../deployments.ts";
import { scope } from "../scope.ts";
import { backlog } from "./backlog.ts";
import { failures } from "./failures.ts";
import { flow } from "./flow.ts";

/** What goes through topics, what waits there, and what comes to nothing. */
export function topics(): Dashboard {
  const dashboard = newDashboard("gaugelet-topics", "Topics", "gaugelet_topic_.+")
    .description("How many events come and go, how far functions are behind, and which events fail.")
    .withVariable(
      multiQueryVariable(
        "topic",
        "Topic",
        `label_values(gaugelet_topic_consumed_events_total{${scope}}, topic)`,
      ),
    )
    .withVariable(
      multiQueryVariable(
        "function",
        "Function",
        `label_values(gaugelet_topic_consumed_events_total{${scope}, topic=~"$topic"}, function)`,
      ),
    )
    .annotation(deployments());
  return addRows(dashboard, [flow, backlog, failures]).build();
}
