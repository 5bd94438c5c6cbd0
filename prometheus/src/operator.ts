import { ruleFiles } from "./groups.ts";
import { renderGroup } from "./render.ts";

/** Labels of all objects for Kubernetes. */
const labels = { "app.kubernetes.io/part-of": "gaugelet" };

/** What the runtime and the exporter are called as Services, with the port that has their metrics. */
const SERVICES = { runtime: "management", exporter: "metrics" };

/** An operated Prometheus scrapes what is others', too: that of it which does not answer is not ours to tell. */
const OF_OUR_OWN_PROMETHEUS = new Set(["GaugeletTargetDown"]);

/** The rules as one object of the Prometheus operator. */
export function prometheusRule(): unknown {
  const groups = Object.values(ruleFiles)
    .flat()
    .map(({ name, rules }) => ({
      name,
      rules: rules.filter((rule) => !("alert" in rule && OF_OUR_OWN_PROMETHEUS.has(rule.alert))),
    }));
  return {
    apiVersion: "monitoring.coreos.com/v1",
    kind: "PrometheusRule",
    metadata: { name: "gaugelet", labels },
    spec: { groups: groups.map(renderGroup) },
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
