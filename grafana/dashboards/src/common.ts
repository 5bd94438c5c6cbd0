import type { Builder, Dataquery } from "@grafana/grafana-foundation-sdk/cog";
import {
  AxisPlacement,
  BigValueColorMode,
  BigValueGraphMode,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  SortOrder,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizTextDisplayOptionsBuilder,
  VizTooltipOptionsBuilder,
} from "@grafana/grafana-foundation-sdk/common";
import {
  DashboardBuilder,
  DashboardCursorSync,
  DatasourceVariableBuilder,
  type DynamicConfigValue,
  FieldColorBuilder,
  FieldColorModeId,
  type Panel,
  QueryVariableBuilder,
  RowBuilder,
  TimePickerBuilder,
  VariableRefresh,
  VariableSort,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { DataqueryBuilder } from "@grafana/grafana-foundation-sdk/prometheus";
import { PanelBuilder as StatBuilder } from "@grafana/grafana-foundation-sdk/stat";
import { PanelBuilder as TimeseriesBuilder } from "@grafana/grafana-foundation-sdk/timeseries";

/** How often the data changes: scrapes, rules and the shipped functions run at this interval. */
const INTERVAL = "5s";

const datasource = { type: "prometheus", uid: "$datasource" };

/**
 * Colours that people with any form of colour blindness tell apart, on a dark and on a light ground.
 * Source: Okabe and Ito, "Color Universal Design", https://jfly.uni-koeln.de/color/
 */
export const colour = {
  blue: "#56B4E9",
  orange: "#E69F00",
  green: "#009E73",
  vermilion: "#D55E00",
  purple: "#CC79A7",
  grey: "#999999",
} as const;

/** A part of a dashboard under a heading of its own. */
export interface Row {
  readonly title: string;
  readonly panels: readonly Builder<Panel>[];
}

/** An empty dashboard with what all of ours share; the `datasource` variable comes first. */
export function newDashboard(uid: string, title: string): DashboardBuilder {
  return new DashboardBuilder(title)
    .uid(uid)
    .tags(["gaugelet"])
    .time({ from: "now-15m", to: "now" })
    .refresh(INTERVAL)
    .timepicker(new TimePickerBuilder().refreshIntervals(["5s", "10s", "30s", "1m", "5m", "15m"]))
    .tooltip(DashboardCursorSync.Crosshair)
    .withVariable(new DatasourceVariableBuilder("datasource").label("Data source").type("prometheus"));
}

/** Add the rows. Panels are numbered in order, and their queries lettered where they have no name. */
export function addRows(dashboard: DashboardBuilder, rows: readonly Row[]): DashboardBuilder {
  let id = 0;
  const numbered = (panel: Builder<Panel>): Builder<Panel> => {
    const built = { ...panel.build(), id: ++id };
    for (const [index, query] of (built.targets ?? []).entries()) {
      const named: Dataquery & { refId?: string } = query;
      named.refId ??= String.fromCharCode("A".charCodeAt(0) + index);
    }
    return { build: () => built };
  };
  for (const row of rows) {
    dashboard.withRow(new RowBuilder(row.title).id(++id));
    for (const panel of row.panels) dashboard.withPanel(numbered(panel));
  }
  return dashboard;
}

/** A variable filled by a query such as `label_values(metric, label)`, anew when the time range changes. */
export function queryVariable(name: string, label: string, query: string): QueryVariableBuilder {
  return new QueryVariableBuilder(name)
    .label(label)
    .datasource(datasource)
    .query({ query, refId: name })
    .definition(query)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.NaturalAsc);
}

/** The same, of which several or all values can be chosen; all at first. */
export function multiQueryVariable(name: string, label: string, query: string): QueryVariableBuilder {
  return queryVariable(name, label, query)
    .multi(true)
    .includeAll(true)
    .current({ text: ["All"], value: ["$__all"] });
}

/** A query over the time range. The legend may name labels: `{{device}}`. */
export function rangeQuery(expression: string, legend: string): DataqueryBuilder {
  return new DataqueryBuilder().datasource(datasource).expr(expression).legendFormat(legend).range();
}

/** Lines over time. Gaps stay gaps: they say that nothing was measured. */
export function timeseries(title: string, description: string, unit: string): TimeseriesBuilder {
  return new TimeseriesBuilder()
    .title(title)
    .description(description)
    .datasource(datasource)
    .interval(INTERVAL)
    .unit(unit)
    .height(8)
    .span(12)
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.PaletteClassic))
    .lineWidth(2)
    .fillOpacity(0)
    .showPoints(VisibilityMode.Never)
    .spanNulls(false)
    .axisPlacement(AxisPlacement.Auto)
    .legend(
      new VizLegendOptionsBuilder()
        .showLegend(true)
        .displayMode(LegendDisplayMode.List)
        .placement(LegendPlacement.Bottom),
    )
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending));
}

/** The latest value, large, on its history. Narrower ones would cut their titles on small screens. */
export function stat(title: string, description: string, unit: string): StatBuilder {
  return new StatBuilder()
    .title(title)
    .description(description)
    .datasource(datasource)
    .interval(INTERVAL)
    .unit(unit)
    .height(4)
    .span(8)
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.Fixed).fixedColor(colour.blue))
    .colorMode(BigValueColorMode.None)
    .graphMode(BigValueGraphMode.Area)
    .text(new VizTextDisplayOptionsBuilder().titleSize(14).valueSize(36))
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(["lastNotNull"]));
}

/** For an override: always this colour. */
export function fixedColour(value: string): DynamicConfigValue {
  return { id: "color", value: { mode: FieldColorModeId.Fixed, fixedColor: value } };
}
