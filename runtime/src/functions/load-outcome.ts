/** What became of having a function loaded. */
export interface LoadOutcome {
  /** `loading`: it takes longer; `absent`: it does not run here. */
  readonly state: "loaded" | "failed" | "loading" | "absent";
  /** Why it is not loaded. */
  readonly reason: string | null;
  /** The traceback of its own code, where there is one. */
  readonly traceback: string | null;
  /** Of the catalog, that this is about; null where that does not keep its code. */
  readonly version: number | null;
}

/** Of a function that does not run here, or not yet. */
export function notLoaded(state: "failed" | "loading" | "absent", reason: string | null): LoadOutcome {
  return { state, reason, traceback: null, version: null };
}
