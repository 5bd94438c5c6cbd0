import { spawnSync } from "node:child_process";
import { waitFor } from "@gaugelet/testing/wait";

/** The lines of samples of one metric. */
export function linesOf(exposition: string, metric: string): string[] {
  return exposition
    .split("\n")
    .filter((line) => line.startsWith(`${metric}{`) || line.startsWith(`${metric} `));
}

/** The first exposition for which Redis answered in time, which much at once on a busy machine may keep it from. */
export async function answered(scrape: () => Promise<string>): Promise<string> {
  return await waitFor("Redis to answer in time", async () => {
    const exposition = await scrape();
    return linesOf(exposition, "gaugelet_exporter_redis_up").includes("gaugelet_exporter_redis_up 1")
      ? exposition
      : undefined;
  });
}

/** The lines of samples that come from outputs, without comments. */
export function outputLines(exposition: string): string[] {
  return exposition.split("\n").filter((line) => /^gaugelet_(?!exporter_)/.test(line));
}

/** The families that come from outputs, comments included. */
export function outputFamilies(exposition: string): string {
  const families = exposition.split("\n\n").map((family) => family.trim());
  return `${families.filter((family) => /^# HELP gaugelet_(?!exporter_)/.test(family)).join("\n\n")}\n`;
}

/** Which reasons were counted more often in the second scrape than in the first, and how much. */
export function newDrops(before: string, after: string): Record<string, number> {
  const count = (exposition: string): Map<string, number> =>
    new Map(
      linesOf(exposition, "gaugelet_exporter_dropped_total").map((line) => {
        const [, reason = "", value] = /reason="(\w+)"} (\d+)/.exec(line) ?? [];
        return [reason, Number(value)];
      }),
    );
  const earlier = count(before);
  const grown = [...count(after)].map(
    ([reason, value]) => [reason, value - (earlier.get(reason) ?? 0)] as const,
  );
  return Object.fromEntries(grown.filter(([, growth]) => growth !== 0));
}

/** What `promtool check metrics` complains about; "" where the exposition is valid and follows the conventions. */
export function promtoolComplaints(exposition: string): string {
  const { status, stdout, stderr, error } = spawnSync("promtool", ["check", "metrics"], {
    input: exposition,
    encoding: "utf8",
  });
  if (error !== undefined) throw error;
  return status === 0 ? "" : `exit code ${status}\n${stdout}${stderr}`;
}
