import { useCallback, useEffect, useRef, useState } from "react";
import { type ApiError, type AskOptions, AWAY_MILLISECONDS, ask, isAway } from "./client";

/** What was asked for, as far as it is there. */
export interface Asked<Answer> {
  /** The newest answer; it stays while it is asked again, and where that fails. */
  readonly data: Answer | undefined;
  /** Why there is no newer one. */
  readonly error: ApiError | undefined;
  /** Whether there is neither an answer nor an error yet. */
  readonly isLoading: boolean;
  /** Ask again, now. */
  readonly reload: () => void;
}

/**
 * Ask for something, and again where it changes or time has passed.
 *
 * @param path below `/api/v1`; undefined: nothing is asked.
 * @param everySeconds how often it is asked again while the page is looked at; undefined: never.
 */
export function useAsk<Answer>(
  path: string | undefined,
  query: AskOptions["query"] = {},
  everySeconds?: number,
): Asked<Answer> {
  const key = path === undefined ? undefined : `${path}?${JSON.stringify(query)}`;
  const [state, setState] = useState<{ key?: string | undefined; data?: Answer; error?: ApiError }>({});
  const [turn, setTurn] = useState(0);
  const shownQuery = useRef(query);
  shownQuery.current = query;
  const reload = useCallback(() => setTurn((last) => last + 1), []);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the key is what path and query say; turn asks again
  useEffect(() => {
    if (path === undefined) return;
    const stopping = new AbortController();
    const { signal } = stopping;
    ask<Answer>("GET", path, { query: shownQuery.current, signal }).then(
      (data) => !signal.aborted && setState({ key, data }),
      (error: ApiError) =>
        !signal.aborted && setState((last) => (last.key === key ? { ...last, error } : { key, error })),
    );
    return () => stopping.abort();
  }, [key, turn]);

  useEffect(() => {
    if (everySeconds === undefined) return;
    const timer = setInterval(() => {
      if (document.visibilityState === "visible") reload();
    }, everySeconds * 1000);
    return () => clearInterval(timer);
  }, [everySeconds, reload]);

  const isRetried = isAway(state.error);
  // biome-ignore lint/correctness/useExhaustiveDependencies: each answer that it is away is followed by a question
  useEffect(() => {
    if (!isRetried) return;
    const timer = setTimeout(reload, AWAY_MILLISECONDS);
    return () => clearTimeout(timer);
  }, [isRetried, state.error, reload]);

  const isCurrent = state.key === key;
  const data = isCurrent ? state.data : undefined;
  const error = isCurrent ? state.error : undefined;
  return { data, error, isLoading: key !== undefined && data === undefined && error === undefined, reload };
}
