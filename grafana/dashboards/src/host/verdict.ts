import { BigValueColorMode, BigValueGraphMode } from "@grafana/grafana-foundation-sdk/common";
import {
  FieldColorBuilder,
  FieldColorModeId,
  MappingType,
  ThresholdsConfigBuilder,
  type ValueMapping,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { Short } from "@grafana/grafana-foundation-sdk/units";
import { colour, nowQuery, stat } from "../common.ts";
import { thresholds } from "../thresholds.ts";
import { recordedOfFunction, recordedOfHost } from "./selectors.ts";

/** What can be wrong with a host, each 0 or 1: what its alerts wait for. */
const SIGNS: Readonly<Record<string, string>> = {
  cpu: `max(host:gaugelet_host_cpu_utilization:ratio{${recordedOfHost}}) > bool ${thresholds.hostCpu}`,
  memory: `max(host:gaugelet_host_memory_used:ratio{${recordedOfHost}}) > bool ${thresholds.hostMemory}`,
  egress: `max(function_host:gaugelet_network_egress:ratio{${recordedOfFunction}}) > bool ${thresholds.hostEgress}`,
  cache: `min(function_host:gaugelet_memory_cache:ratio{${recordedOfFunction}}) < bool ${thresholds.hostCache}`,
};

/** The answer to "is this machine well?", in words and in colour. */
export const verdict = stat(
  "Is it well?",
  "Well, as long as CPU, memory, egress and cache are all on the right side of their thresholds. Else how many of them are not: those panels are coloured. Not measured, where there are no measurements of the host now.",
  Short,
)
  .graphMode(BigValueGraphMode.None)
  .colorMode(BigValueColorMode.BackgroundSolid)
  .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.Thresholds))
  .thresholds(
    new ThresholdsConfigBuilder().steps([
      // The first one is the colour of no value, too.
      { value: null, color: colour.grey },
      { value: 0, color: colour.green },
      { value: 1, color: colour.vermilion },
    ]),
  )
  .mappings([words()])
  .noValue("Not measured")
  .withTarget(
    nowQuery(
      // Functions without shards say something of every host, also of one that nobody measures any more.
      `sum(${Object.entries(SIGNS)
        .map(([sign, expression]) => `label_replace(${expression}, "sign", "${sign}", "", "")`)
        .join(" or ")}) and on () host:gaugelet_host_cpu_utilization:ratio{${recordedOfHost}}`,
      "signs of trouble",
    ),
  );

function words(): ValueMapping {
  const signs = Object.keys(SIGNS).length;
  const troubles = Array.from({ length: signs }, (_, index) => {
    const count = index + 1;
    return [
      String(count),
      { text: count === 1 ? "1 sign of trouble" : `${count} signs of trouble`, index: count },
    ];
  });
  return {
    type: MappingType.ValueToText,
    options: Object.fromEntries([["0", { text: "Well", index: 0 }], ...troubles]),
  };
}
