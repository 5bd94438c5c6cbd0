import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type BenchRow, type Bound, row } from "@gaugelet/testing/bench";
import type { TestRedis } from "@gaugelet/testing/redis-server";
import { Contender } from "./contender.ts";
import { benchConfiguration, type Size, sizeOf, writeOutputs } from "./data.ts";
import { type Cost, measureBeside, measureScrapes } from "./scrapes.ts";

const OURS = new URL("../dist/main.js", import.meta.url);
/** As in the container image. */
const OURS_FLAGS = ["--conditions=dist", "--max-semi-space-size=4", "--heap-growing-percent=50"];
const PROM_CLIENT = new URL("./programs/prom-client-exporter.ts", import.meta.url);
const READY_TEXT = new URL("./programs/ready-text.ts", import.meta.url);

/** The bounds, by number of gauges: absolute, and relative to the others measured in the same run. */
interface Targets {
  readonly changedCpu: number;
  readonly changedToPromClient: number;
  readonly unchangedCpu: number;
  readonly unchangedP50ToFloor?: number;
  readonly privateMb?: number;
}
const TARGETS: Readonly<Record<number, Targets>> = {
  10000: { changedCpu: 13, changedToPromClient: 0.4, unchangedCpu: 3 },
  100000: {
    changedCpu: 110,
    changedToPromClient: 0.3,
    unchangedCpu: 20,
    unchangedP50ToFloor: 2,
    privateMb: 120,
  },
};

/** Shares of the outputs that change between two scrapes. */
const SHARES = [
  ["nothing", 0],
  ["1 %", 0.01],
  ["everything", 1],
] as const;

/** Our exporter, as the container image has it. */
export async function startOurs(redis: TestRedis, folder: string): Promise<Contender> {
  const file = join(folder, "exporter.yaml");
  await writeFile(file, benchConfiguration());
  const environment = {
    REDIS_PORT: String(redis.port),
    GAUGELET_EXPORTER_PORT: "0",
    GAUGELET_EXPORTER_CONFIG: file,
  };
  return Contender.start(OURS, environment, OURS_FLAGS);
}

/** Ours, prom-client and the floor beside each other, with so many gauges. */
export async function compare(redis: TestRedis, folder: string, gauges: number): Promise<BenchRow[]> {
  const size = sizeOf(gauges);
  await redis.client.flushall();
  await writeOutputs(redis.client, indexes(size.outputs), size.items);
  const contenders: Contender[] = [];
  const started = async (contender: Promise<Contender>): Promise<Contender> => {
    contenders.push(await contender);
    return contender;
  };
  try {
    const ours = await started(startOurs(redis, folder));
    const peer = await started(
      Contender.start(PROM_CLIENT, { REDIS_PORT: String(redis.port), OUTPUTS: String(size.outputs) }),
    );
    const text = (await ours.scrape()).text();
    check(text, size);
    const file = join(folder, "text");
    await writeFile(file, text);
    const floor = await started(Contender.start(READY_TEXT, { TEXT: file }));
    return await measure(redis, size, { ours, peer, floor });
  } finally {
    for (const contender of contenders) await contender.stop();
  }
}

interface Contenders {
  readonly ours: Contender;
  readonly peer: Contender;
  readonly floor: Contender;
}

async function measure(redis: TestRedis, size: Size, { ours, peer, floor }: Contenders): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  const targets = TARGETS[size.gauges];
  const scrapes = size.gauges <= 10_000 ? 50 : 15;
  const add = (what: string, value: number, unit: string, bound?: Bound): void => {
    rows.push(row(`${size.gauges.toLocaleString("en")} gauges: ${what}`, value, unit, bound));
  };
  const bound = (atMost: number | undefined): Bound | undefined =>
    atMost === undefined ? undefined : { atMost };

  const [quiet, floorCost] = (await measureBeside([ours, floor], { scrapes })) as [Cost, Cost];
  add("p50, ready text", floorCost.p50, "ms");
  add("CPU, ready text", floorCost.cpu, "ms");
  for (const [name, share] of SHARES) {
    const isQuiet = share === 0;
    const isAll = share === 1;
    const costs: Record<"ours" | "peer", Cost> = {
      ours: isQuiet ? quiet : await measureScrapes(ours, roundOf(redis, size, share, scrapes)),
      peer: await measureScrapes(peer, roundOf(redis, size, share, scrapes)),
    };
    add(`p50, ${name} changed, prom-client`, costs.peer.p50, "ms");
    add(`p50, ${name} changed`, costs.ours.p50, "ms");
    if (isQuiet) {
      add(
        "p50, nothing changed / ready text",
        costs.ours.p50 / floorCost.p50,
        "",
        bound(targets?.unchangedP50ToFloor),
      );
    }
    add(`CPU, ${name} changed, prom-client`, costs.peer.cpu, "ms");
    const cpuBound = isQuiet ? targets?.unchangedCpu : isAll ? targets?.changedCpu : undefined;
    add(`CPU, ${name} changed`, costs.ours.cpu, "ms", bound(cpuBound));
    add(
      `CPU, ${name} changed / prom-client`,
      costs.ours.cpu / costs.peer.cpu,
      "",
      isAll ? bound(targets?.changedToPromClient) : undefined,
    );
  }
  add("private memory, prom-client", peer.memory().private, "MB");
  add("private memory", ours.memory().private, "MB", bound(targets?.privateMb));
  add("resident memory, Node's program included", ours.memory().resident, "MB");
  const gzip = { scrapes, headers: { "accept-encoding": "gzip" } };
  const zipped = await measureScrapes(ours, gzip);
  add("p50, nothing changed, gzip", zipped.p50, "ms");
  add("CPU, nothing changed, gzip", zipped.cpu, "ms");
  const all = { ...roundOf(redis, size, 1, scrapes), headers: gzip.headers };
  add("CPU, everything changed, gzip", (await measureScrapes(ours, all)).cpu, "ms");
  add("private memory, after gzip", ours.memory().private, "MB");
  return rows;
}

function roundOf(
  redis: TestRedis,
  { gauges, outputs, items }: Size,
  share: number,
  scrapes: number,
): Parameters<typeof measureScrapes>[1] {
  if (share === 0) return { scrapes };
  return {
    scrapes,
    pause: gauges <= 10_000 ? 150 : 300,
    change: () => writeOutputs(redis.client, some(outputs, Math.ceil(outputs * share)), items),
  };
}

/** Different places of so many. */
function some(of: number, count: number): number[] {
  const all = indexes(of);
  if (count === of) return all;
  const start = Math.floor(Math.random() * of);
  // Far apart, so that each is on another page.
  return Array.from({ length: count }, (_, index) => (start + Math.floor((index * of) / count)) % of);
}

function indexes(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}

/** A benchmark of the wrong thing is worse than none. */
function check(text: string, { gauges }: Size): void {
  const found = text.split("\n").filter((line) => line.startsWith("bench_family")).length;
  if (found !== gauges) throw new Error(`${found} gauges are exported, expected ${gauges}`);
}
