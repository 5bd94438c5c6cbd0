import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { cpuList, type Placement } from "./placement.ts";
import { referenceEvents } from "./reference/events.ts";

const SCRIPT = fileURLToPath(new URL("wrk.lua", import.meta.url));

/** What one run of wrk measured. */
export interface HttpLoad {
  readonly perSecond: number;
  /** Median time from request to answer. */
  readonly microseconds: number;
  /** Answers other than 2xx, and connections and requests without an answer. */
  readonly failed: number;
}

/**
 * POST the reference event again and again with wrk on one thread: the load generator in Debian that takes
 * least of the CPU which it shares with what it measures.
 */
export async function httpLoad(
  url: string,
  connections: number,
  seconds: number,
  placement: Placement = "free",
): Promise<HttpLoad> {
  const folder = await mkdtemp(join(tmpdir(), "gaugelet-bench-"));
  try {
    const event = join(folder, "event.json");
    await writeFile(event, (await referenceEvents())[0] as Buffer);
    const wrk = ["wrk", "-t1", `-c${connections}`, `-d${seconds}s`, "--timeout", "10s", "-s", SCRIPT, url];
    const { stdout } = await promisify(execFile)("taskset", ["-c", cpuList(placement), ...wrk], {
      env: { PATH: process.env.PATH, BENCH_EVENT: event },
    });
    const result = JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "") as Record<
      "requests" | "microseconds" | "failed" | "p50",
      number
    >;
    return {
      perSecond: result.requests / (result.microseconds / 1e6),
      microseconds: result.p50,
      failed: result.failed,
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
