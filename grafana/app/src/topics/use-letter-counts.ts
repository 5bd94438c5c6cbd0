import { useCallback, useEffect, useState } from "react";
import { type ApiError, ask } from "../api/client";
import { currentUser, mayAs } from "../api/role";
import type { Answer } from "../api/types";

const LOOK_MILLISECONDS = 5_000;

/** How many dead letters a function has, or why that is not known: it is somebody else's, or something went wrong. */
export type LetterCount =
  | { readonly count: number }
  | { readonly isOthers: true }
  | { readonly error: ApiError };

/** Dead letters of several functions, counted again every few seconds. */
export function useLetterCounts(functions: readonly string[]): {
  readonly counts: ReadonlyMap<string, LetterCount>;
  readonly recount: () => void;
} {
  const [counts, setCounts] = useState<ReadonlyMap<string, LetterCount>>(new Map());
  const [turn, setTurn] = useState(0);
  const key = functions.join("\n");
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key is what the functions are; a turn counts again
  useEffect(() => {
    const stopping = new AbortController();
    const { signal } = stopping;
    let theirs: ReadonlySet<string> | undefined;
    const look = async (): Promise<void> => {
      theirs ??= mayAs("admin") ? new Set(functions) : await ownFunctions(functions, signal);
      const found = await Promise.all(
        functions.map(async (name) => {
          return [
            name,
            theirs?.has(name) ? await countOf(name, signal) : { isOthers: true as const },
          ] as const;
        }),
      );
      if (!signal.aborted) setCounts(new Map(found));
    };
    void look();
    const timer = setInterval(() => {
      if (document.visibilityState === "visible") void look();
    }, LOOK_MILLISECONDS);
    return () => {
      stopping.abort();
      clearInterval(timer);
    };
  }, [key, turn]);
  const recount = useCallback(() => setTurn((last) => last + 1), []);
  return { counts, recount };
}

/** Those of some functions that are of whoever looks: the API says of others' that they are not there. */
async function ownFunctions(functions: readonly string[], signal: AbortSignal): Promise<ReadonlySet<string>> {
  const query = { owner: currentUser(), limit: 1000 };
  try {
    const { items, next } = await ask<Answer<"listFunctions">>("GET", "/functions", { query, signal });
    // Of so many some may be on a later page: then each is asked for.
    if (next !== null) return new Set(functions);
    return new Set(items.map(({ name }) => name));
  } catch {
    // What is wrong is said where the dead letters are asked for.
    return new Set(functions);
  }
}

async function countOf(name: string, signal: AbortSignal): Promise<LetterCount> {
  try {
    const query = { limit: 1 };
    const { count } = await ask<Answer<"listDeadLetters">>("GET", `/functions/${name}/dead-letters`, {
      query,
      signal,
    });
    return { count };
  } catch (thrown) {
    const error = thrown as ApiError;
    return error.code === "not-found" ? { isOthers: true } : { error };
  }
}

/** Of all functions whose dead letters may be seen. */
export function totalOf(counts: ReadonlyMap<string, LetterCount>): number {
  return [...counts.values()].reduce((sum, each) => sum + ("count" in each ? each.count : 0), 0);
}
