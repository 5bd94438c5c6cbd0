import type { Worker } from "../workers/worker.ts";
import type { Delivery } from "./delivery.ts";
import type { Lane } from "./lane.ts";

/** A shard that should change its worker. */
export interface Move {
  readonly lane: Lane;
  readonly from: Worker<Delivery>;
  readonly to: Worker<Delivery>;
}

/** The next step towards as many shards for each worker; undefined where they differ by one at most. */
export function nextMove(lanes: Iterable<Lane>, serving: readonly Worker<Delivery>[]): Move | undefined {
  const held = new Map<Worker<Delivery>, Lane[]>(serving.map((worker) => [worker, []]));
  for (const lane of lanes) if (lane.worker !== undefined) held.get(lane.worker)?.push(lane);
  const [fewest, ...others] = [...held].sort(([, a], [, b]) => a.length - b.length);
  const most = others.at(-1);
  if (fewest === undefined || most === undefined || most[1].length - fewest[1].length < 2) return undefined;
  const lane = most[1].find(({ canMove }) => canMove);
  return lane && { lane, from: most[0], to: fewest[0] };
}

/**
 * Give a shard's live `env` to another worker. The lane is quiet, and sends nothing.
 *
 * @returns whether the other worker has it now; where not, the shard stays where it is.
 * @throws WorkerDiedError where one of them ends over it.
 */
export async function moveEnv({ lane, from, to }: Move): Promise<boolean> {
  const { rollBacks } = lane;
  const { env, problem } = await from.snapshot(lane.number);
  if (problem !== null) return false;
  const head = { shard: lane.number, name: lane.shard, outputKey: lane.outputKey, keepEnv: true };
  const isRestored = (await to.restore(head, env)) === null;
  if (isRestored && lane.worker === from && lane.rollBacks === rollBacks) {
    from.forget(lane.number);
    lane.worker = to;
    return true;
  }
  to.forget(lane.number);
  return false;
}
