import {
  createDataFrame,
  dateTime,
  FieldType,
  getTimeZone,
  LoadingState,
  type PanelData,
} from "@grafana/data";
import { PanelRenderer } from "@grafana/runtime";
import { LegendDisplayMode, LineInterpolation, TooltipDisplayMode, VisibilityMode } from "@grafana/schema";
import { Text } from "@grafana/ui";
import { useMemo } from "react";
import type { StepPlot } from "./steps";
import { useWidth } from "./use-width";

const HEIGHT_PIXELS = 220;

const OPTIONS = {
  legend: { showLegend: true, displayMode: LegendDisplayMode.List, placement: "bottom", calcs: [] },
  tooltip: { mode: TooltipDisplayMode.Multi, sort: "none" },
};

const FIELD_CONFIG = {
  defaults: {
    min: 0,
    decimals: 0,
    custom: {
      lineInterpolation: LineInterpolation.StepAfter,
      lineWidth: 2,
      fillOpacity: 10,
      showPoints: VisibilityMode.Never,
      axisSoftMax: 2,
    },
  },
  overrides: [],
};

/** How many workers functions were to have over time, drawn by Grafana's own panel. The list beside it says the same. */
export function DecisionPlot({ plot }: { plot: StepPlot }) {
  const [element, width] = useWidth();
  const data = useMemo(() => panelData(plot), [plot]);
  return (
    <figure
      aria-label="Workers of each function over time; the list below says the same"
      style={{ margin: 0 }}
    >
      <div ref={element} style={{ height: HEIGHT_PIXELS }}>
        {width > 0 && (
          <PanelRenderer
            title="Workers over time"
            pluginId="timeseries"
            width={width}
            height={HEIGHT_PIXELS}
            data={data}
            options={OPTIONS}
            fieldConfig={FIELD_CONFIG}
            timeZone={getTimeZone()}
          />
        )}
      </div>
      {plot.hidden > 0 && (
        <Text element="p" color="secondary">
          The {plot.functions.length} functions with the newest decisions are drawn; look for others by their
          names.
        </Text>
      )}
    </figure>
  );
}

function panelData({ times, functions }: StepPlot): PanelData {
  const from = dateTime(times[0]);
  const to = dateTime(times.at(-1));
  return {
    state: LoadingState.Done,
    timeRange: { from, to, raw: { from, to } },
    series: [
      createDataFrame({
        fields: [
          { name: "Time", type: FieldType.time, values: [...times] },
          ...functions.map(({ name, counts }) => ({ name, type: FieldType.number, values: [...counts] })),
        ],
      }),
    ],
  };
}
