import type { WorkerPool } from "../workers/pool.ts";
import { type Move, moveEnv, nextMove } from "./balance.ts";
import type { Delivery } from "./delivery.ts";
import type { Lane } from "./lane.ts";
import type { Lanes } from "./lanes.ts";

/** Takes shards from the worker with the most to the one with the fewest, one after the other. */
export class Balancing {
  readonly #lanes: Lanes;
  readonly #pool: Pick<WorkerPool<Delivery>, "serving" | "isServing">;
  readonly #onMoved: (lane: Lane) => void;
  /** The shard that changes its worker. */
  #move: Move | undefined;
  #isMovingEnv = false;

  /** @param onMoved the shard may be sent events again. */
  constructor(
    lanes: Lanes,
    pool: Pick<WorkerPool<Delivery>, "serving" | "isServing">,
    onMoved: (lane: Lane) => void,
  ) {
    this.#lanes = lanes;
    this.#pool = pool;
    this.#onMoved = onMoved;
  }

  /** Move a shard, where one should. */
  begin(): void {
    if (this.#move !== undefined) return;
    this.#move = nextMove(this.#lanes, this.#pool.serving);
    if (this.#move === undefined) return;
    this.#move.lane.isMoving = true;
    this.goOn();
  }

  /** Something is over: once nothing of the shard is under way its `env` can go. */
  goOn(): void {
    const move = this.#move;
    if (move === undefined || this.#isMovingEnv || !move.lane.isQuiet) return;
    this.#isMovingEnv = true;
    const { lane, from, to } = move;
    const { rollBacks } = lane;
    const isHeld = lane.worker === from && from.shards.has(lane.number);
    const isWanted = isHeld && this.#pool.isServing(from) && this.#pool.isServing(to);
    const moved = isWanted ? moveEnv(move).catch(() => false) : Promise.resolve(false);
    void moved.then((isDone) => {
      lane.canMove = isDone || !isWanted || from.hasEnded || to.hasEnded || lane.rollBacks !== rollBacks;
      lane.isMoving = false;
      this.#isMovingEnv = false;
      this.#move = undefined;
      this.#onMoved(lane);
    });
  }
}
