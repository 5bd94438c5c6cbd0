import { leaseKey } from "@gaugelet/shared/keys";
import type { Logger } from "pino";
import type { FunctionDefinition } from "../configuration/manifest.ts";
import type { TriggerSpec } from "../configuration/triggers.ts";
import { type Lease, type Leases, NOBODY } from "../leases/leases.ts";
import type { Fence } from "../sinks/outbox.ts";
import { divide, type Ownership } from "./ownership.ts";

/** What a {@link FunctionOwner} is made of. */
export interface FunctionOwnerParts {
  readonly definition: FunctionDefinition;
  /** Whether the members of a group share a topic's partitions by themselves. */
  readonly sharesPartitions: boolean;
  readonly leases: Leases;
  readonly log: Logger;
  /** This runtime handles what one alone may from now on. */
  readonly onOwned: () => void;
  /** Another one does: from now on, or still. */
  readonly onStandby: () => void;
}

type OwnerState =
  /** Nobody needs to own it. */
  | { readonly kind: "shared" }
  /** It is not known yet. */
  | { readonly kind: "asking" }
  | { readonly kind: "owner"; readonly fence: Fence | undefined }
  /** What it was about to store as the owner still carries the fence of then, and so is refused. */
  | { readonly kind: "standby"; readonly owner: string; readonly fence: Fence | undefined };

/**
 * Whether this runtime handles what one runtime alone may handle of a function.
 *
 * asking ─ owner ─ (another one took over) ─ standby ─ owner …
 */
export class FunctionOwner {
  readonly #parts: FunctionOwnerParts;
  #ownership: Ownership;
  #state: OwnerState;
  #lease: Lease | undefined;
  #isClosed = false;

  constructor(parts: FunctionOwnerParts) {
    this.#parts = parts;
    this.#ownership = divide(parts.definition, parts.sharesPartitions);
    this.#state = isOwned(this.#ownership) ? { kind: "asking" } : { kind: "shared" };
  }

  /** Triggers that this runtime is to handle now. */
  get triggers(): readonly TriggerSpec[] {
    const { owned, shared } = this.#ownership;
    return this.#state.kind === "owner" ? [...owned, ...shared] : shared;
  }

  /** Triggers that another runtime handles now, and this one once it is the owner. */
  get awaited(): readonly TriggerSpec[] {
    return this.#state.kind === "standby" ? this.#ownership.owned : [];
  }

  /** The proof that what the owner alone may store is the owner's. */
  get fence(): Fence | undefined {
    const state = this.#state;
    return state.kind === "owner" || state.kind === "standby" ? state.fence : undefined;
  }

  /** Who owns it, in words; undefined where that is this runtime, or nobody needs to. */
  get other(): string | undefined {
    return this.#state.kind === "standby" ? this.#state.owner : undefined;
  }

  /** Whether it is known who owns it. */
  get isKnown(): boolean {
    return this.#state.kind !== "asking";
  }

  /** Whether the owner alone writes, so that nobody else may handle anything. */
  get isExclusive(): boolean {
    return this.#ownership.isExclusive;
  }

  /** Want to own it from now on, where somebody needs to. */
  want(): void {
    if (this.#state.kind === "shared") return;
    const { leases, definition } = this.#parts;
    this.#lease = leases.want(leaseKey(definition.outputKey), {
      onGained: (token) => this.#own(token),
      onStandby: (owner) => this.#standBy(owner),
    });
  }

  /** Change the triggers. @returns false where that cannot be done: who owns the function would change. */
  update(definition: FunctionDefinition): boolean {
    const ownership = divide(definition, this.#parts.sharesPartitions);
    if (isOwned(ownership) !== isOwned(this.#ownership)) return false;
    if (ownership.isExclusive !== this.#ownership.isExclusive) return false;
    this.#ownership = ownership;
    return true;
  }

  /** Another one may own it by now. */
  check(): void {
    this.#lease?.check();
  }

  /** Nothing changes from now on, whatever is heard. */
  close(): void {
    this.#isClosed = true;
  }

  /** Let the next one own it; what is under way must be stored by now. */
  async release(): Promise<void> {
    await this.#lease?.release();
  }

  #own(token: string | undefined): void {
    if (this.#isClosed) return;
    const { log, definition, onOwned } = this.#parts;
    if (this.#state.kind === "standby") log.info("this runtime owns the function now");
    const key = leaseKey(definition.outputKey);
    const fence = token === undefined ? undefined : { key, token, isOfAll: this.#ownership.isExclusive };
    this.#state = { kind: "owner", fence };
    onOwned();
  }

  #standBy(owner: string): void {
    if (this.#isClosed) return;
    const { log, onStandby } = this.#parts;
    if (owner === NOBODY) log.warn("Redis has lost who owns the function: it is asked for anew");
    else if (this.#state.kind === "owner")
      log.warn({ owner }, `another runtime has taken the function over: standing by`);
    else log.info({ owner }, `another runtime owns the function (${owner}): standing by`);
    this.#state = { kind: "standby", owner, fence: this.fence };
    onStandby();
  }
}

function isOwned({ owned }: Ownership): boolean {
  return owned.length > 0;
}
