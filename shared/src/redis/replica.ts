const FIRST_PAUSE_MILLISECONDS = 5_000;
const LONGEST_PAUSE_MILLISECONDS = 60_000;

/** What a connection is ended for, in words. */
export const IS_REPLICA = "it is a read-only replica; another server may be the primary there by now";

/**
 * Says when to connect anew to a server that refuses writes as a replica. Behind one address, as of a service in
 * Kubernetes, another one may be the primary after a fail-over, and connections to the one before last. One that stays
 * read-only is left less and less often.
 */
export class LeavesReplica {
  #pause = 0;
  #notBefore = Number.NEGATIVE_INFINITY;
  #isLeaving = false;

  /** @returns whether to connect anew after this error. */
  hear({ message }: Error): boolean {
    const now = performance.now();
    if (!isOfReplica(message) || now < this.#notBefore) return false;
    const wasWritable = now - this.#notBefore > LONGEST_PAUSE_MILLISECONDS;
    const pause = wasWritable ? FIRST_PAUSE_MILLISECONDS : 2 * this.#pause;
    this.#pause = Math.min(pause, LONGEST_PAUSE_MILLISECONDS);
    this.#notBefore = now + this.#pause;
    this.#isLeaving = true;
    return true;
  }

  /** Whether the end of the connection that is heard of now is of that kind. */
  takeLeaving(): boolean {
    const isLeaving = this.#isLeaving;
    this.#isLeaving = false;
    return isLeaving;
  }
}

/** Before Redis 7 the error of a script has its reason somewhere inside. */
function isOfReplica(message: string): boolean {
  return message.startsWith("READONLY") || message.includes("-READONLY ");
}
