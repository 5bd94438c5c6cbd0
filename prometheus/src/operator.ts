import { ruleFiles } from "./groups.ts";
import { renderGroup } from "./render.ts";

/** Labels of all objects for Kubernetes. */
const labels = { "app.kubernetes.io/part-of": "gaugelet" };

/** What the runtime and the exporter are called as Services, with the port that has their metrics. */
const SERVICES = { runtime: "management", exporter: "metrics" };

/** All rules as one object of the Prometheus operator. */
export function prometheusRule(): unknown {
  return {
    apiVersion: "monitoring.coreos.com/v1",
    kind: "PrometheusRule",
    metadata: { name: "gaugelet", labels },
    spec: { groups: Object.values(ruleFiles).flat().map(renderGroup) },
  };
}

/** How the operator's Prometheus finds the runtime and the exporter; `job` is their name, as the rules want it. */
export function serviceMonitors(): unknown {
  return {
    apiVersion: "v1",
    kind: "List",
    items: Object.entries(SERVICES).map(([name, port]) => ({
      apiVersion: "monitoring.coreos.com/v1",
      kind: "ServiceMonitor",
      metadata: { name: `gaugelet-${name}`, labels },
      spec: {
        jobLabel: "app.kubernetes.io/component",
        selector: { matchLabels: { ...labels, "app.kubernetes.io/component": name } },
        endpoints: [{ port, interval: "5s", scrapeTimeout: "4s" }],
      },
    })),
  };
}
