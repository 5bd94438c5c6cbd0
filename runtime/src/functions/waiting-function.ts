import type { FunctionDefinition } from "../configuration/manifest.ts";
import type { CallAnswer, Callable, CallRequest } from "../triggers/http/callable.ts";
import type { Target } from "../triggers/http/targets.ts";
import type { Deployable } from "./deployable.ts";

/** A function that is not put together at the moment: calls wait until it is. */
export class WaitingFunction implements Target, Callable {
  readonly #of: Deployable;
  readonly #isCalled: boolean;
  readonly #ready: (of: Deployable) => Promise<Target>;

  /** @param ready has it put together, and gives what does not wait. */
  constructor(of: Deployable, isCalled: boolean, ready: (of: Deployable) => Promise<Target>) {
    this.#of = of;
    this.#isCalled = isCalled;
    this.#ready = ready;
  }

  get callable(): Callable {
    return this;
  }

  get isCalled(): boolean {
    return this.#isCalled;
  }

  get isSharded(): boolean {
    return this.#of.isSharded;
  }

  /** Whoever awakens it checks the event then. */
  get input(): undefined {
    return undefined;
  }

  get definition(): FunctionDefinition {
    return this.#of.define();
  }

  awaken(): Promise<Target> {
    return this.#ready(this.#of);
  }

  call(request: CallRequest, answer: (answer: CallAnswer) => void): void {
    void this.awaken().then(({ callable }) => callable.call(request, answer));
  }
}

/** A function that is there and cannot be called. */
export class UncallableFunction implements Target, Callable {
  readonly #of: Deployable;
  readonly #reason: string;

  constructor(of: Deployable, reason: string) {
    this.#of = of;
    this.#reason = reason;
  }

  get callable(): Callable {
    return this;
  }

  get isCalled(): boolean {
    return true;
  }

  get isSharded(): boolean {
    return this.#of.isSharded;
  }

  get input(): undefined {
    return undefined;
  }

  get definition(): FunctionDefinition {
    return this.#of.define();
  }

  call(_request: CallRequest, answer: (answer: CallAnswer) => void): void {
    answer({ outcome: "unavailable", message: this.#reason, details: "" });
  }
}
