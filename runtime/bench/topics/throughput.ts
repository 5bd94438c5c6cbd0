import { type BenchRow, row } from "@gaugelet/testing/bench";
import type { Redis } from "ioredis";
import type { Contender } from "../workers/contender.ts";
import { HANDLER_FOLDER } from "../workers/floor.ts";
import { referenceEvents } from "../workers/reference/events.ts";
import { inRounds, median } from "../workers/rounds.ts";
import { publishBacklog } from "./backlog.ts";
import { countAlone } from "./bare-consumer.ts";
import type { BenchedEngine } from "./engine.ts";
import { type Drained, drained } from "./stored.ts";
import { TopicRuntime } from "./topic-runtime.ts";

const ROUNDS = 5;
const SECONDS = 2;
const IN_FLIGHT = 256;
const EVENTS = 30_000;
const NAME = "reference";

/** The worker as it is called without a topic. */
export interface CalledWorkers {
  /** A bare Node program in front of one bare Python loop. */
  readonly floor: Contender;
  /** The runtime's own worker, called from inside the runtime: the raw worker. */
  readonly worker: Contender;
}

/**
 * The reference handler on a backlog, until each event's position is stored, beside the same handler called without
 * a topic, and a consumer of the same client that only counts.
 */
export async function benchThroughput(
  engine: BenchedEngine,
  redis: Redis,
  { floor, worker }: CalledWorkers,
  python: string,
  folder: string,
): Promise<BenchRow[]> {
  const bodies = await referenceEvents();
  const reference = (triggers: object[]): { name: string; source: string; triggers: object[] } => ({
    name: NAME,
    source: HANDLER_FOLDER,
    triggers: [{ http: true }, ...triggers],
  });
  const runtime = await TopicRuntime.start(engine, python, folder, [reference([])]);
  const bare: number[] = [];
  let round = 0;
  let worked: string | undefined;
  const topic = async (): Promise<Drained> => {
    // The runtime has long given it up by now.
    if (worked !== undefined) await engine.topics.delete(worked);
    round += 1;
    const name = `round-${round}`;
    const backlog = await publishBacklog(engine, name, bodies, EVENTS);
    await runtime.change([reference([{ topic: name, start: "oldest" }])]);
    const measured = await drained(engine, redis, NAME, backlog, runtime.pid);
    bare.push(await countAlone(engine, name, EVENTS));
    await runtime.change([reference([])]);
    worked = name;
    return measured;
  };
  const call = (contender: Contender, target: string) => (): Promise<Drained> =>
    contender.measure({ do: "pipelined", target, inFlight: IN_FLIGHT, seconds: SECONDS });
  const contenders = { floor: call(floor, "floor"), worker: call(worker, "process"), topic };
  try {
    // Once unmeasured: compiled code, filled caches.
    await inRounds(1, contenders);
    bare.length = 0;
    const measured = await inRounds(ROUNDS, contenders);
    const rate = (name: keyof typeof contenders): number => median(measured[name], (each) => each.perSecond);
    const cpu = (name: keyof typeof contenders): number =>
      median(measured[name], (each) => each.cpuMicrosecondsPerEvent);
    const counted = median(bare, (each) => each);
    const what = `${engine.name}: backlog → reference handler → stored`;
    return [
      row(`${engine.name}: floor, called without a topic`, rate("floor"), "1/s"),
      row(`${engine.name}: raw worker, called without a topic`, rate("worker"), "1/s"),
      row(what, rate("topic"), "1/s"),
      row(`${what}, against the raw worker`, rate("topic") / rate("worker"), "×", { atLeast: 0.7 }),
      row(`${what}, against the floor`, rate("topic") / rate("floor"), "×"),
      row(`${engine.name}: raw worker: CPU per event`, cpu("worker"), "µs"),
      row(`${what}: CPU per event`, cpu("topic"), "µs"),
      row(`${engine.name}: a bare consumer that only counts`, counted, "1/s"),
      row(`${what}: share of the time beyond the bare consumer's`, 100 * (1 - rate("topic") / counted), "%"),
    ];
  } finally {
    await runtime.stop();
    if (worked !== undefined) await engine.topics.delete(worked);
  }
}
