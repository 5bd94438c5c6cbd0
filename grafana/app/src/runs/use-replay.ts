import { useEffect, useState } from "react";
import { type ApiError, AWAY_MILLISECONDS, ask, mayPass } from "../api/client";
import type { ReplayDetails } from "../api/types";

const LOOK_MILLISECONDS = 500;

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
          if (mayPass(error)) setTimeout(() => !signal.aborted && look(), AWAY_MILLISECONDS);
        },
      );
    };
    look();
    return () => stopping.abort();
  }, [id]);
  return state;
}
