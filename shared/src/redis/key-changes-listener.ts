/** What is told of changed keys. */
export interface KeyChangesListener {
  /** These keys were written, expired or deleted. */
  onChanged(keys: readonly string[]): void;
  /** Changes may have been missed (a start, a reconnection, FLUSHALL): look at everything again. */
  onUnknown(): void;
}

/** Told whether changes are pushed from now on; where not, why, in words. */
export type OnPushing = (pushing: boolean, reason: string) => void;

/** Where changes are heard of. */
export interface KeyChangesSource {
  /** Whether changes are pushed; where not, polling is all there is. */
  readonly pushing: boolean;
  /** Hear of changes from now on; the first listener makes it connect. */
  listen(listener: KeyChangesListener): void;
  /**
   * Wait until all changes that Redis made before now have been told.
   *
   * @throws Error where nobody tells us, or the connection breaks.
   */
  settled(): Promise<void>;
  /** Stop hearing. */
  stop(): void;
}
