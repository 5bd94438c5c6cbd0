import {
  EmbeddedScene,
  PanelBuilders,
  SceneFlexItem,
  SceneFlexLayout,
  SceneQueryRunner,
  SceneTimeRange,
} from "@grafana/scenes";
import { useMemo } from "react";
import type { TabProps } from "./FunctionPage";

const DATASOURCE = { type: "prometheus", uid: "gaugelet-prometheus" };

/** What a function puts out, as panels that find its fields themselves; and how it is called. */
export default function OutputsTab({ details: { name } }: TabProps) {
  const scene = useMemo(() => sceneOf(name), [name]);
  return <scene.Component model={scene} />;
}

function sceneOf(name: string): EmbeddedScene {
  const panel = (
    title: string,
    description: string,
    unit: string,
    expr: string,
    legendFormat: string,
    noValue: string,
  ) =>
    new SceneFlexItem({
      minHeight: 260,
      minWidth: "min(420px, 100%)",
      body: PanelBuilders.timeseries()
        .setTitle(title)
        .setDescription(description)
        .setUnit(unit)
        .setNoValue(noValue)
        .setData(
          new SceneQueryRunner({
            datasource: DATASOURCE,
            queries: [{ refId: "A", expr, legendFormat }],
            maxDataPoints: 300,
          }),
        )
        .build(),
    });
  const function_ = `function="${name}"`;
  return new EmbeddedScene({
    $timeRange: new SceneTimeRange({ from: "now-30m", to: "now" }),
    body: new SceneFlexLayout({
      direction: "row",
      wrap: "wrap",
      children: [
        panel(
          "Output",
          "Every number of its newest output.",
          "short",
          // What all of them have in common would fill the legend.
          `max without (__name__, job, instance, function, namespace, pod) (label_replace({__name__=~"gaugelet_.+", ${function_}, __name__!~"gaugelet_(function|worker|topic|runtime|exporter|usage|budget|dead|output_timestamp)_?.*"}, "metric", "$1", "__name__", "gaugelet_(.+)"))`,
          "__auto",
          "No output yet: call it once",
        ),
        panel(
          "Invocations",
          "How often it was called, by how that ended.",
          "ops",
          `sum by (outcome) (rate(gaugelet_function_invocations_total{${function_}}[1m]))`,
          "{{outcome}}",
          "Not called yet",
        ),
        panel(
          "Duration",
          "The time that 95 of 100 calls take at most.",
          "s",
          `histogram_quantile(0.95, sum by (le) (rate(gaugelet_function_duration_seconds_bucket{${function_}}[1m])))`,
          "p95",
          "Not called yet",
        ),
      ],
    }),
  });
}
