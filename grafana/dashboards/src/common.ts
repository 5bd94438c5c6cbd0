import type { Builder, Dataquery } from "@grafana/grafana-foundation-sdk/cog";
import {
  AxisPlacement,
  BigValueColorMode,
  BigValueGraphMode,
  GraphThresholdsStyleConfigBuilder,
  GraphThresholdsStyleMode,
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
  DashboardLinkBuilder,
  DashboardLinkType,
  DatasourceVariableBuilder,
  type DynamicConfigValue,
  FieldColorBuilder,
  FieldColorModeId,
  type Panel,
  QueryVariableBuilder,
  RowBuilder,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  TimePickerBuilder,
  VariableRefresh,
  VariableSort,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { DataqueryBuilder, PromQueryFormat } from "@grafana/grafana-foundation-sdk/prometheus";
import { PanelBuilder as StatBuilder } from "@grafana/grafana-foundation-sdk/stat";
import { PanelBuilder as TableBuilder } from "@grafana/grafana-foundation-sdk/table";
import { PanelBuilder as TimeseriesBuilder } from "@grafana/grafana-foundation-sdk/timeseries";

/** How often the data changes: scrapes, rules and the shipped functions run at this interval. */
export const INTERVAL = "5s";

export const datasource = { type: "prometheus", uid: "$datasource" };

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

/**
 * Colours of series whose names are not known beforehand, as Grafana's own palettes are not for everyone's
 * eyes: the last letter of a name's first word decides, so that a function has one colour on all panels.
 */
const coloursOfNames: readonly (readonly [letters: string, colour: string])[] = [
  ["aefkpuz49", colour.blue],
  ["bhlqsv05", colour.orange],
  ["cgmtw16", colour.green],
  ["dinrx27", colour.vermilion],
  ["joy38", colour.purple],
];

/** A part of a dashboard under a heading of its own. */
export interface Row {
  readonly title: string;
  /** The variable of whose every value there is such a row. */
  readonly repeat?: string;
  readonly panels: readonly Builder<Panel>[];
}

/**
 * An empty dashboard with what all of ours share, links to the others first of all. Its first variables choose
 * the data source, and of that jobs and instances.
 *
 * @param metrics regular expression of the names of the metrics whose jobs and instances can be chosen.
 */
export function newDashboard(uid: string, title: string, metrics: string): DashboardBuilder {
  return new DashboardBuilder(title)
    .uid(uid)
    .tags(["gaugelet"])
    .time({ from: "now-15m", to: "now" })
    .refresh(INTERVAL)
    .timepicker(new TimePickerBuilder().refreshIntervals(["5s", "10s", "30s", "1m", "5m", "15m"]))
    .tooltip(DashboardCursorSync.Crosshair)
    .link(
      new DashboardLinkBuilder("Gaugelet")
        .type(DashboardLinkType.Dashboards)
        .tags(["gaugelet"])
        .includeVars(true)
        .keepTime(true),
    )
    .withVariable(new DatasourceVariableBuilder("datasource").label("Data source").type("prometheus"))
    .withVariable(multiQueryVariable("job", "Job", `label_values({__name__=~"${metrics}"}, job)`))
    .withVariable(
      multiQueryVariable(
        "instance",
        "Instance",
        `label_values({__name__=~"${metrics}", job=~"$job"}, instance)`,
      ),
    );
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
    const heading = new RowBuilder(row.title).id(++id);
    dashboard.withRow(row.repeat === undefined ? heading : heading.repeat(row.repeat));
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

/** The same, of which several or all values can be chosen; all at first, and series without the label too. */
export function multiQueryVariable(name: string, label: string, query: string): QueryVariableBuilder {
  return queryVariable(name, label, query)
    .multi(true)
    .includeAll(true)
    .allValue(".*")
    .current({ text: ["All"], value: ["$__all"] });
}

/** A query over the time range. The legend may name labels: `{{device}}`. */
export function rangeQuery(expression: string, legend: string): DataqueryBuilder {
  return new DataqueryBuilder().datasource(datasource).expr(expression).legendFormat(legend).range();
}

/** A query of how things are now: what is not known now has no value, not the last one of the time range. */
export function nowQuery(expression: string, legend: string): DataqueryBuilder {
  return new DataqueryBuilder().datasource(datasource).expr(expression).legendFormat(legend).instant();
}

/** The same, for a table. */
export function tableQuery(expression: string, legend: string): DataqueryBuilder {
  return nowQuery(expression, legend).format(PromQueryFormat.Table);
}

/** Lines over time. Gaps stay gaps: they say that nothing was measured. */
export function timeseries(title: string, description: string, unit: string): TimeseriesBuilder {
  const panel = new TimeseriesBuilder()
    .title(title)
    .description(description)
    .datasource(datasource)
    .interval(INTERVAL)
    .unit(unit)
    .height(8)
    .span(12)
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.Shades).fixedColor(colour.blue))
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
  // First, so that what a panel says itself wins.
  for (const [letters, value] of coloursOfNames) {
    panel.overrideByRegexp(`/^\\S*[${letters}](\\s|$)/`, [fixedColour(value)]);
  }
  return panel;
}

/** Rows of labels and values as they are now. */
export function table(title: string, description: string, unit: string): TableBuilder {
  return new TableBuilder()
    .title(title)
    .description(description)
    .datasource(datasource)
    .interval(INTERVAL)
    .unit(unit)
    .height(8)
    .span(24);
}

/**
 * The latest value, large, on its history, which begins at 0: else its least value would look like none. Narrower
 * ones would cut their titles on small screens.
 */
export function stat(title: string, description: string, unit: string): StatBuilder {
  return new StatBuilder()
    .title(title)
    .description(description)
    .datasource(datasource)
    .interval(INTERVAL)
    .unit(unit)
    .min(0)
    .height(4)
    .span(8)
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.Thresholds))
    .thresholds(new ThresholdsConfigBuilder().steps([{ value: null, color: colour.blue }]))
    .colorMode(BigValueColorMode.None)
    .graphMode(BigValueGraphMode.Area)
    .text(new VizTextDisplayOptionsBuilder().titleSize(14).valueSize(36))
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(["lastNotNull"]));
}

/** For an override: always this colour. */
export function fixedColour(value: string): DynamicConfigValue {
  return { id: "color", value: { mode: FieldColorModeId.Fixed, fixedColor: value } };
}

/** Colours of a stat that says whether all is well: below the number it is, from there on it is not. */
export function alarmFrom(value: number): ThresholdsConfigBuilder {
  return steps(colour.green, value, colour.vermilion);
}

/** Colours of a value with a threshold, which the alerts have too: from there on things are bad. */
export function stateAbove(value: number): ThresholdsConfigBuilder {
  return steps(colour.blue, value, colour.vermilion);
}

/** The other way round: below it things are bad. */
export function stateBelow(value: number): ThresholdsConfigBuilder {
  return steps(colour.vermilion, value, colour.blue);
}

/** The same for lines over time, which have colours of their own: the threshold is a line, too. */
export function lineAt(value: number): ThresholdsConfigBuilder {
  return steps("transparent", value, colour.vermilion);
}

function steps(first: string, value: number, second: string): ThresholdsConfigBuilder {
  return new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps([
    { value: null, color: first },
    { value, color: second },
  ]);
}

/** How lines over time show their threshold. */
export function thresholdLine(): GraphThresholdsStyleConfigBuilder {
  return new GraphThresholdsStyleConfigBuilder().mode(GraphThresholdsStyleMode.Dashed);
}

/** For an override: shades of this colour, for several series. */
export function shadesOf(value: string): DynamicConfigValue {
  return { id: "color", value: { mode: FieldColorModeId.Shades, fixedColor: value } };
}

/** For an override: a thin dashed line, for what something may be at most. */
export const dashedLine: readonly DynamicConfigValue[] = [
  { id: "color", value: { mode: FieldColorModeId.Fixed, fixedColor: colour.grey } },
  { id: "custom.lineWidth", value: 1 },
  { id: "custom.lineStyle", value: { fill: "dash", dash: [10, 10] } },
];
