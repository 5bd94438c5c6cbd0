import {
  CellValuesBuilder,
  PanelBuilder as HeatmapBuilder,
  HeatmapColorMode,
  HeatmapColorOptionsBuilder,
  YAxisConfigBuilder,
} from "@grafana/grafana-foundation-sdk/heatmap";
import { type DataqueryBuilder, PromQueryFormat } from "@grafana/grafana-foundation-sdk/prometheus";
import { datasource, INTERVAL, rangeQuery } from "./common.ts";

/** A query of a histogram's buckets, for a heat map. */
export function bucketQuery(expression: string): DataqueryBuilder {
  return rangeQuery(expression, "{{le}}").format(PromQueryFormat.Heatmap);
}

/**
 * How many values fell where, over time. A histogram's buckets are its query's legend, `{{le}}`.
 *
 * @param unit of the values, which are up the axis.
 * @param unitOfCounts of how many they are, which is the colour.
 */
export function heatmap(
  title: string,
  description: string,
  unit: string,
  unitOfCounts: string,
): HeatmapBuilder {
  return new HeatmapBuilder()
    .title(title)
    .description(description)
    .datasource(datasource)
    .interval(INTERVAL)
    .unit(unitOfCounts)
    .height(8)
    .span(12)
    .calculate(false)
    .yAxis(new YAxisConfigBuilder().unit(unit))
    .cellValues(new CellValuesBuilder().unit(unitOfCounts))
    .color(
      new HeatmapColorOptionsBuilder()
        .mode(HeatmapColorMode.Scheme)
        // Goes from dark to light evenly, whoever looks.
        .scheme("Cividis")
        .steps(32),
    )
    .showLegend();
}
