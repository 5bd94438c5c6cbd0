import { useCallback, useEffect, useState } from "react";
import type { Draft } from "./draft";

/** Changes of a function that are not deployed yet. */
export interface KeptDraft {
  /** The version that they are changes of. */
  readonly version: number;
  readonly draft: Draft;
}

/** By the names of functions: who looks at another page finds them again, until the browser's page is left. */
const kept = new Map<string, KeptDraft>();

/** The changes of a function that are kept, and how to keep others, or none. */
export function useKeptDraft(
  name: string,
): [KeptDraft | undefined, (changed: KeptDraft | undefined) => void] {
  const [draft, setDraft] = useState(kept.get(name));
  const keep = useCallback(
    (changed: KeptDraft | undefined) => {
      if (changed === undefined) kept.delete(name);
      else kept.set(name, changed);
      setDraft(changed);
    },
    [name],
  );
  return [draft, keep];
}

/** Have the browser ask before it leaves the page, as long as changes would be lost. */
export function useAskBeforeLeaving(): void {
  useEffect(() => {
    const ask = (event: BeforeUnloadEvent): void => {
      if (kept.size > 0) event.preventDefault();
    };
    window.addEventListener("beforeunload", ask);
    return () => window.removeEventListener("beforeunload", ask);
  }, []);
}
