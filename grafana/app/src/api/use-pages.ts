import { useCallback, useEffect, useRef, useState } from "react";
import { type ApiError, type AskOptions, AWAY_MILLISECONDS, ask, isAway } from "./client";

/** A list of the API: `next` of an answer is `after` of the next. */
interface Page<Item> {
  readonly items: readonly Item[];
  readonly next: string | null;
}

/** A list, as far as it was asked for. */
export interface Pages<Item> {
  readonly items: readonly Item[];
  readonly error: ApiError | undefined;
  readonly isLoading: boolean;
  /** Whether there is more than is here. */
  readonly hasMore: boolean;
  /** Ask for the next page; while one is asked for, or where that failed, nothing: `reload` begins again then. */
  readonly more: () => void;
  /** Begin again. */
  readonly reload: () => void;
  /** Ask for the first page, and put what is new before what is here; while something is asked for, nothing. */
  readonly refresh: (keyOf: (item: Item) => string) => void;
}

interface State<Item> {
  readonly key: string;
  readonly items: readonly Item[];
  readonly next: string | null;
  readonly error: ApiError | undefined;
  readonly isLoading: boolean;
}

/**
 * A list whose beginning was asked for again. Where nothing of it is known there may be more in between: it begins
 * again then.
 */
export function refreshed<Item>(
  known: { readonly items: readonly Item[]; readonly next: string | null },
  first: { readonly items: readonly Item[]; readonly next: string | null },
  keyOf: (item: Item) => string,
): { items: readonly Item[]; next: string | null } {
  const keys = new Set(first.items.map(keyOf));
  const shared = known.items.findLastIndex((item) => keys.has(keyOf(item)));
  if (shared === -1) return first;
  const rest = known.items.slice(shared + 1);
  // All of what is known is in the first page: what it says of more is newer.
  if (rest.length === 0) return first;
  return { items: [...first.items, ...rest], next: known.next };
}

/** Ask for a list a page at a time; where the path or the query changes it begins again. */
export function usePages<Item>(path: string, query: AskOptions["query"] = {}): Pages<Item> {
  const key = `${path}?${JSON.stringify(query)}`;
  const empty: State<Item> = { key, items: [], next: null, error: undefined, isLoading: true };
  const [state, setState] = useState(empty);
  const asking = useRef<AbortController | undefined>(undefined);
  const shownQuery = useRef(query);
  shownQuery.current = query;

  const load = useCallback(
    (after: string | null, before: readonly Item[]) => {
      asking.current?.abort();
      const stopping = new AbortController();
      asking.current = stopping;
      setState((last) => ({ ...last, key, items: before, error: undefined, isLoading: true }));
      ask<Page<Item>>("GET", path, {
        query: { ...shownQuery.current, ...(after === null ? {} : { after }) },
        signal: stopping.signal,
      }).then(
        ({ items, next }) => {
          if (stopping.signal.aborted) return;
          asking.current = undefined;
          setState({ key, items: [...before, ...items], next, error: undefined, isLoading: false });
        },
        (error: ApiError) => {
          if (stopping.signal.aborted) return;
          asking.current = undefined;
          setState({ key, items: before, next: after, error, isLoading: false });
        },
      );
    },
    [key, path],
  );
  useEffect(() => {
    load(null, []);
    return () => asking.current?.abort();
  }, [load]);

  const shown = state.key === key ? state : empty;
  const isRetried = isAway(shown.error);
  useEffect(() => {
    if (!isRetried) return;
    const timer = setTimeout(() => load(null, []), AWAY_MILLISECONDS);
    return () => clearTimeout(timer);
  }, [isRetried, load]);
  const refresh = useCallback(
    (keyOf: (item: Item) => string) => {
      if (asking.current !== undefined) return;
      const stopping = new AbortController();
      asking.current = stopping;
      ask<Page<Item>>("GET", path, { query: shownQuery.current, signal: stopping.signal }).then(
        (first) => {
          if (stopping.signal.aborted) return;
          asking.current = undefined;
          setState((last) => ({ ...last, ...refreshed(last, first, keyOf), error: undefined }));
        },
        (error: ApiError) => {
          if (stopping.signal.aborted) return;
          asking.current = undefined;
          setState((last) => ({ ...last, error }));
        },
      );
    },
    [path],
  );
  const more = (): void => {
    // A table whose end is seen would ask again and again, as long as that fails.
    if (shown.next === null || shown.error !== undefined || asking.current !== undefined) return;
    load(shown.next, shown.items);
  };
  return {
    items: shown.items,
    error: shown.error,
    isLoading: shown.isLoading,
    hasMore: shown.next !== null,
    more,
    reload: () => load(null, []),
    refresh,
  };
}
