import { useCallback, useEffect, useState } from "react";
import { type ApiError, ask } from "../api/client";
import type { Answer } from "../api/types";

const LOOK_MILLISECONDS = 5_000;

/** How many dead letters a function has, or why that is not known. */
export type LetterCount = { readonly count: number } | { readonly error: ApiError };

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
    const look = async (): Promise<void> => {
      const found = await Promise.all(
        functions.map(async (name) => [name, await countOf(name, signal)] as const),
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

async function countOf(name: string, signal: AbortSignal): Promise<LetterCount> {
  try {
    const query = { limit: 1 };
    const { count } = await ask<Answer<"listDeadLetters">>("GET", `/functions/${name}/dead-letters`, {
      query,
      signal,
    });
    return { count };
  } catch (error) {
    return { error: error as ApiError };
  }
}

/** Of all functions whose dead letters may be seen. */
export function totalOf(counts: ReadonlyMap<string, LetterCount>): number {
  return [...counts.values()].reduce((sum, each) => sum + ("count" in each ? each.count : 0), 0);
}
