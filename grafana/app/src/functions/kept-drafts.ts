import { useCallback, useState } from "react";
import type { Draft } from "./draft";

/** Changes of a function that are not deployed yet, or a function that is not made yet. */
export interface KeptDraft {
  /** The version that they are changes of; 0: there is none yet. */
  readonly version: number;
  readonly draft: Draft;
}

/** By the names of functions: who looks at another page finds them again, until the browser's page is left. */
const kept = new Map<string, KeptDraft>();

/** What a function that is not made yet is kept by, which is no name of another; by what it began as. */
export function newFunctionOf(beginning: string): string {
  return `new function: ${beginning}`;
}

/** The changes of a function that are kept, and how to keep others, or none. */
export function useKeptDraft(
  name: string,
): [KeptDraft | undefined, (changed: KeptDraft | undefined) => void] {
  const [draft, setDraft] = useState(kept.get(name));
  const keep = useCallback(
    (changed: KeptDraft | undefined) => {
      if (changed === undefined) kept.delete(name);
      else kept.set(name, changed);
      askBeforeLeaving();
      setDraft(changed);
    },
    [name],
  );
  return [draft, keep];
}

/** Have the browser ask before it leaves the page, whichever of Grafana's it is, as long as changes would be lost. */
function askBeforeLeaving(): void {
  if (kept.size > 0) window.addEventListener("beforeunload", ask);
  else window.removeEventListener("beforeunload", ask);
}

function ask(event: BeforeUnloadEvent): void {
  event.preventDefault();
}
