import { BytesPerSecondSI, PacketsPerSecond, PercentUnit } from "@grafana/grafana-foundation-sdk/units";
import {
  colour,
  fixedColour,
  lineAt,
  type Row,
  rangeQuery,
  shadesOf,
  thresholdLine,
  timeseries,
} from "../common.ts";
import { thresholds } from "../thresholds.ts";
import { ofFunction, ofHost } from "./selectors.ts";

export const network: Row = {
  title: "Network",
  panels: [
    timeseries(
      "Network egress",
      "Share of the bytes on the network that left the host, as each chosen function computes it. Dashed: where the alert begins.",
      PercentUnit,
    )
      .span(8)
      .min(0)
      .max(1)
      .thresholds(lineAt(thresholds.hostEgress))
      .thresholdsStyle(thresholdLine())
      .withTarget(
        rangeQuery(`max by (function) (gaugelet_network_egress_ratio{${ofFunction}})`, "{{function}}"),
      ),
    traffic(
      "Traffic",
      "Bytes per second and device: sent above the zero line, received below it.",
      BytesPerSecondSI,
      "bytes",
    ),
    traffic(
      "Packets",
      "Packets per second and device: sent above the zero line, received below it.",
      PacketsPerSecond,
      "packets",
    ),
    timeseries(
      "Errors and drops",
      "Packets per second that could not be sent or received (errors), and that were thrown away (drops), over all devices. Should be zero.",
      PacketsPerSecond,
    )
      .height(6)
      .span(24)
      .min(0)
      .axisSoftMax(10)
      .withTarget(sumOfDevices("transmit_errors", "errors, sent"))
      .withTarget(sumOfDevices("receive_errors", "errors, received"))
      .withTarget(sumOfDevices("transmit_drops", "drops, sent"))
      .withTarget(sumOfDevices("receive_drops", "drops, received"))
      .overrideByName("errors, sent", [fixedColour(colour.vermilion)])
      .overrideByName("errors, received", [fixedColour(colour.orange)])
      .overrideByName("drops, sent", [fixedColour(colour.purple)])
      .overrideByName("drops, received", [fixedColour(colour.blue)]),
  ],
};

function traffic(title: string, description: string, unit: string, what: string) {
  return timeseries(title, description, unit)
    .span(8)
    .fillOpacity(10)
    .withTarget(perDevice(`transmit_${what}`, "{{device}} sent"))
    .withTarget(perDevice(`receive_${what}`, "{{device}} received"))
    .overrideByRegexp("/ sent$/", [shadesOf(colour.blue)])
    .overrideByRegexp("/ received$/", [
      shadesOf(colour.orange),
      { id: "custom.transform", value: "negative-Y" },
    ]);
}

function perDevice(counter: string, legend: string) {
  return rangeQuery(
    `max by (device) (rate(gaugelet_host_network_${counter}_total{${ofHost}}[$__rate_interval]))`,
    legend,
  );
}

/** Several exporters may serve the same host: the larger counts per device, then the devices add up. */
function sumOfDevices(counter: string, legend: string) {
  return rangeQuery(
    `sum(max by (device) (rate(gaugelet_host_network_${counter}_total{${ofHost}}[$__rate_interval])))`,
    legend,
  );
}
