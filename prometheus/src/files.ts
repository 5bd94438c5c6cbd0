import { dashboards, toJson } from "@gaugelet/grafana/dashboards";
import { ruleFiles } from "./groups.ts";
import { prometheusRule, serviceMonitors } from "./operator.ts";
import { renderGroup, toYaml } from "./render.ts";

/** Grafana's sidecar loads the ConfigMaps that have this label. */
const DASHBOARD_LABEL = { grafana_dashboard: "1" };

/** Every file that is made from this code: its path below the root of the repository, and its text. */
export function generatedFiles(): Readonly<Record<string, string>> {
  const rules = Object.entries(ruleFiles).map(([file, groups]) => [
    `prometheus/rules/${file}`,
    toYaml({ groups: groups.map(renderGroup) }),
  ]);
  return {
    ...Object.fromEntries(rules),
    "prometheus/operator/prometheus-rule.yaml": toYaml(prometheusRule()),
    "prometheus/operator/service-monitors.yaml": toYaml(serviceMonitors()),
    "grafana/kubernetes/dashboards.yaml": toYaml(configMaps()),
  };
}

/** The dashboards as ConfigMaps, one each. */
function configMaps(): unknown {
  return {
    apiVersion: "v1",
    kind: "List",
    items: Object.entries(dashboards).map(([file, build]) => ({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: {
        name: `gaugelet-dashboard-${file.replace(".json", "")}`,
        labels: { "app.kubernetes.io/part-of": "gaugelet", ...DASHBOARD_LABEL },
        annotations: { grafana_folder: "Gaugelet" },
      },
      data: { [file]: toJson(build()) },
    })),
  };
}
