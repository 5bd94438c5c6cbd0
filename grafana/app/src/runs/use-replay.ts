import { useEffect, useState } from "react";
import { type ApiError, AWAY_MILLISECONDS, ask } from "../api/client";
import type { ReplayDetails } from "../api/types";

const LOOK_MILLISECONDS = 500;
/** Statuses of what passes, as a rule: no answer, too much at once, or away. */
const PASSING = new Set([0, 429, 502, 503, 504]);

/** A replay, as far as it is; it is asked for until it is over. */
export function useReplay(id: string | undefined): { replay?: ReplayDetails; error?: ApiError } {
  const [state, setState] = useState<{ replay?: ReplayDetails; error?: ApiError }>({});
  useEffect(() => {
    setState({});
    if (id === undefined) return;
    const stopping = new AbortController();
    const { signal } = stopping;
    const look = (): void => {
      ask<ReplayDetails>("GET", `/replays/${id}`, { signal }).then(
        (replay) => {
          if (signal.aborted) return;
          setState({ replay });
          if (replay.status === "running") setTimeout(() => !signal.aborted && look(), LOOK_MILLISECONDS);
        },
        (error: ApiError) => {
          if (signal.aborted) return;
          setState((last) => ({ ...last, error }));
          // It goes on wherever nobody can be asked for a while.
          if (PASSING.has(error.status)) setTimeout(() => !signal.aborted && look(), AWAY_MILLISECONDS);
        },
      );
    };
    look();
    return () => stopping.abort();
  }, [id]);
  return state;
}
