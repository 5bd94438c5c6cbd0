import { BytesIEC, PercentUnit } from "@grafana/grafana-foundation-sdk/units";
import {
  colour,
  dashedLine,
  fixedColour,
  lineAt,
  type Row,
  rangeQuery,
  thresholdLine,
  timeseries,
} from "../common.ts";
import { thresholds } from "../thresholds.ts";
import { ofFunction, ofHost } from "./selectors.ts";

export const memory: Row = {
  title: "Memory",
  panels: [
    timeseries(
      "Memory used and free",
      "Used: held by programs. Available: what new programs can get without swapping, caches included. Free: not used for anything. The dashed line is all there is.",
      BytesIEC,
    )
      .span(8)
      .min(0)
      .withTarget(bytes("used"))
      .withTarget(bytes("available"))
      .withTarget(bytes("free"))
      .withTarget(bytes("total"))
      .overrideByName("used", [fixedColour(colour.orange), { id: "custom.fillOpacity", value: 20 }])
      .overrideByName("available", [fixedColour(colour.blue)])
      .overrideByName("free", [fixedColour(colour.green)])
      .overrideByName("total", [...dashedLine]),
    timeseries(
      "Memory by use",
      "What the kernel does with the memory: file contents (cached), block devices (buffers), its own structures (slab), memory that several programs share (shared), and what was touched lately (active) or not (inactive). The kinds overlap.",
      BytesIEC,
    )
      .span(8)
      .min(0)
      .withTarget(bytes("cached"))
      .withTarget(bytes("buffers"))
      .withTarget(bytes("slab"))
      .withTarget(bytes("shared"))
      .withTarget(bytes("active"))
      .withTarget(bytes("inactive"))
      .overrideByName("cached", [fixedColour(colour.blue)])
      .overrideByName("buffers", [fixedColour(colour.green)])
      .overrideByName("slab", [fixedColour(colour.purple)])
      .overrideByName("shared", [fixedColour(colour.grey)])
      .overrideByName("active", [fixedColour(colour.orange)])
      .overrideByName("inactive", [fixedColour(colour.vermilion)]),
    timeseries(
      "Memory cache",
      "Share of the memory that caches file contents, as each chosen function computes it. Dashed: below it the alert begins.",
      PercentUnit,
    )
      .span(8)
      .min(0)
      .max(1)
      .thresholds(lineAt(thresholds.hostCache))
      .thresholdsStyle(thresholdLine())
      .withTarget(
        rangeQuery(`max by (function) (gaugelet_memory_cache_ratio{${ofFunction}})`, "{{function}}"),
      ),
  ],
};

function bytes(kind: string) {
  return rangeQuery(`max(gaugelet_host_memory_${kind}_bytes{${ofHost}})`, kind);
}
