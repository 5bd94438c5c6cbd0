import type { KeyChangesListener, OnPushing } from "./key-changes-listener.ts";

/** Hands on what one source of changes tells to all that listen, and each change of whether it pushes once. */
export class KeyChangesHub implements KeyChangesListener {
  readonly #onState: OnPushing;
  readonly #listeners: KeyChangesListener[] = [];
  #state: string | undefined;
  #pushing = false;

  constructor(onState: OnPushing) {
    this.#onState = onState;
  }

  get pushing(): boolean {
    return this.#pushing;
  }

  /** Whether it was ever said that changes are pushed, or why not. */
  get hasReported(): boolean {
    return this.#state !== undefined;
  }

  get isHeard(): boolean {
    return this.#listeners.length > 0;
  }

  add(listener: KeyChangesListener): void {
    this.#listeners.push(listener);
    // Where changes are pushed already, nobody will say so again.
    if (this.#pushing) listener.onUnknown();
  }

  removeAll(): void {
    this.#listeners.length = 0;
  }

  onChanged(keys: readonly string[]): void {
    for (const listener of this.#listeners) listener.onChanged(keys);
  }

  onUnknown(): void {
    for (const listener of this.#listeners) listener.onUnknown();
  }

  /** @param reason why changes are not pushed; undefined where they are. */
  report(reason: string | undefined): void {
    this.#pushing = reason === undefined;
    const state = reason ?? "pushing";
    if (state === this.#state) return;
    this.#state = state;
    this.#onState(this.#pushing, reason ?? "");
  }
}
