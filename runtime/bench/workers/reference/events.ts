import { measurements } from "../../runtime-under-test.ts";

/** What a machine with more CPUs, a second network interface and a disk adds to the recorded measurements. */
const MORE_CPUS = ["cpu_percent-2", "cpu_percent-3"];
const SECOND_INTERFACE = ["bytes_sent", "bytes_recv", "packets_sent", "packets_recv"]
  .concat(["errin", "errout", "dropin", "dropout"])
  .flatMap((name) => [`net_io_counters_eth1-${name}`, `net_io_counters_eth1-${name}1`]);
const DISK = ["read_count", "write_count", "read_bytes", "write_bytes", "read_time", "write_time"]
  .concat(["read_merged_count", "write_merged_count", "busy_time"])
  .map((name) => `disk_io_counters-${name}`);

/** Events for the reference handler: recorded measurements widened to 62 numbers, 2 KB of JSON each. */
export async function referenceEvents(): Promise<Buffer[]> {
  return (await measurements(256)).map(({ json }, index) => {
    const measurement = JSON.parse(json) as Record<string, unknown>;
    for (const [place, field] of [...SECOND_INTERFACE, ...DISK].entries()) {
      measurement[field] = 1_000_003 * (index + 1) * (place + 1);
    }
    for (const field of MORE_CPUS) measurement[field] = (index * 7.3) % 100;
    return Buffer.from(JSON.stringify(measurement));
  });
}
