import { expect, test } from "vitest";
import { mapped } from "./support/mapped.ts";

const average = "gaugelet_cpu_utilization_moving_average_ratio";
test.each([
  ["avg-util-cpu0-60sec", `${average}{function="f",cpu="0",window="60s"} 0.57`],
  ["avg-util-cpu12-60min", `${average}{function="f",cpu="12",window="60m"} 0.57`],
  ["avg_util_cpu1_60sec", `${average}{function="f",cpu="1",window="60s"} 0.57`],
  ["avg-util-cpu-3-5min", `${average}{function="f",cpu="3",window="5m"} 0.57`],
  ["moving_average_cpu_percent-0", `${average}{function="f",cpu="0",window="60s"} 0.57`],
  ["moving_average_cpu_percent_7", `${average}{function="f",cpu="7",window="60s"} 0.57`],
  ["moving-avg-cpu-percent-7-60min", `${average}{function="f",cpu="7",window="60m"} 0.57`],
  ["percent-network-egress", `gaugelet_network_egress_ratio{function="f"} 0.57`],
  ["percentage_outgoing_bytes", `gaugelet_network_egress_ratio{function="f"} 0.57`],
  ["percent_network_egress", `gaugelet_network_egress_ratio{function="f"} 0.57`],
  ["percentage-network-egress", `gaugelet_network_egress_ratio{function="f"} 0.57`],
  ["percent-outgoing-bytes", `gaugelet_network_egress_ratio{function="f"} 0.57`],
  ["percent-memory-cache", `gaugelet_memory_cache_ratio{function="f"} 0.57`],
  ["percent-memory-caching", `gaugelet_memory_cache_ratio{function="f"} 0.57`],
  ["percentage_memory_caching", `gaugelet_memory_cache_ratio{function="f"} 0.57`],
  ["percentage_memory_cache", `gaugelet_memory_cache_ratio{function="f"} 0.57`],
])("%s has a metric of its own", (field, line) => {
  expect(mapped({ [field]: 57 })).toEqual({ lines: [line], drops: [] });
});

test.each([
  "avg-util-cpu-60sec",
  "avg-util-cpu0-60sec-more",
  "xpercent-network-egress",
  "percent-network-egress\n",
  "percent-memory",
])("%j is no spelling of a known field", (field) => {
  const written = field.replace("\n", "\\n");
  expect(mapped({ [field]: 57 }).lines).toEqual([
    `gaugelet_output_value{function="f",field="${written}"} 57`,
  ]);
});

test("other numbers keep their dotted path, booleans are 0 and 1, strings and nulls are left out", () => {
  const output = {
    timestamp: "2026-11-21 05:54:49",
    nothing: null,
    total: -1.5,
    isBusy: true,
    isIdle: false,
    disks: [{ used: 3 }, { used: 4, name: "b" }, 5],
    "": 6,
    __proto__x: 7,
    ["__proto__"]: 8,
  };
  expect(mapped(output)).toEqual({
    lines: [
      `gaugelet_output_value{function="f",field="total"} -1.5`,
      `gaugelet_output_value{function="f",field="isBusy"} 1`,
      `gaugelet_output_value{function="f",field="isIdle"} 0`,
      `gaugelet_output_value{function="f",field="disks.0.used"} 3`,
      `gaugelet_output_value{function="f",field="disks.1.used"} 4`,
      `gaugelet_output_value{function="f",field="disks.2"} 5`,
      `gaugelet_output_value{function="f"} 6`,
      `gaugelet_output_value{function="f",field="__proto__x"} 7`,
      `gaugelet_output_value{function="f",field="__proto__"} 8`,
    ],
    drops: [],
  });
});

test("two spellings of one field in an output: the first of the rule is taken, whatever their order", () => {
  const lines = [`gaugelet_network_egress_ratio{function="f"} 0.1`];
  expect(mapped({ "percent-network-egress": 10, percentage_outgoing_bytes: 20 })).toEqual({
    lines,
    drops: [],
  });
  expect(mapped({ percentage_outgoing_bytes: 20, "percent-network-egress": 10 })).toEqual({
    lines,
    drops: [],
  });
});

test("the doubled spelling of a network field counts only where it is alone", () => {
  const output = {
    "net_io_counters_eth0-bytes_sent1": 1,
    "net_io_counters_eth0-bytes_sent": 2,
    "net_io_counters_br-0a-bytes_sent1": 3,
  };
  expect(mapped(output, { host: "h" })).toEqual({
    lines: [
      `gaugelet_host_network_transmit_bytes_total{host="h",device="eth0"} 2`,
      `gaugelet_host_network_transmit_bytes_total{host="h",device="br-0a"} 3`,
    ],
    drops: [],
  });
});

test("errin and dropin are about receiving, errout and dropout about transmitting", () => {
  const output = {
    "net_io_counters_eth0-errin": 1,
    "net_io_counters_eth0-errout": 2,
    "net_io_counters_eth0-dropin": 3,
    "net_io_counters_eth0-dropout": 4,
  };
  expect(mapped(output, { host: "h" }).lines).toEqual([
    `gaugelet_host_network_receive_drops_total{host="h",device="eth0"} 3`,
    `gaugelet_host_network_receive_errors_total{host="h",device="eth0"} 1`,
    `gaugelet_host_network_transmit_drops_total{host="h",device="eth0"} 4`,
    `gaugelet_host_network_transmit_errors_total{host="h",device="eth0"} 2`,
  ]);
});

test("fields of a measurement in an output about no host are ordinary numbers", () => {
  expect(mapped({ "cpu_percent-0": 50, "virtual_memory-percent": 8 }).lines).toEqual([
    `gaugelet_output_value{function="f",field="cpu_percent-0"} 50`,
    `gaugelet_output_value{function="f",field="virtual_memory-percent"} 8`,
  ]);
});

test("an output about a host carries host, another one with a shard carries shard", () => {
  expect(mapped({ x: 1 }, { host: "h", shard: "s" }).lines).toEqual([
    `gaugelet_output_value{function="f",host="h",field="x"} 1`,
  ]);
  expect(mapped({ x: 1 }, { shard: "s" }).lines).toEqual([
    `gaugelet_output_value{function="f",shard="s",field="x"} 1`,
  ]);
});

test("what cannot be a series is dropped, and the rest of the output stays", () => {
  const output = {
    big: "BIG",
    "cpu_stats-interrupts": -1,
    cpu_freq_current: 1e305,
    "a.b": 1,
    a: { b: 2 },
    ["n".repeat(513)]: 3,
    ["n".repeat(300)]: { ["m".repeat(300)]: 4 },
    good: 5,
  };
  expect(mapped(JSON.stringify(output).replace('"BIG"', "1e400"), { host: "h" })).toEqual({
    lines: [
      `gaugelet_output_value{function="f",host="h",field="a.b"} 1`,
      `gaugelet_output_value{function="f",host="h",field="good"} 5`,
    ],
    drops: ["not_finite", "negative_counter", "not_finite", "duplicate", "name_too_long", "name_too_long"],
  });
});

test("a lone surrogate in a field name, which UTF-8 cannot hold, is replaced", () => {
  expect(mapped({ "x\ud800": 1 }).lines).toEqual([`gaugelet_output_value{function="f",field="x\ufffd"} 1`]);
});
