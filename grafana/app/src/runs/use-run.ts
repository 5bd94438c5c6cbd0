import { useEffect } from "react";
import type { RunDetails } from "../api/types";
import { type Asked, useAsk } from "../api/use-ask";

const LOOK_MILLISECONDS = 1_000;
/** A record comes a moment after the answer to a call. */
const MOST_LOOKS_FOR_NEW = 4;

/** A run, asked for until it is over. */
export function useRun(
  id: string,
): Omit<Asked<RunDetails>, "data"> & { readonly run: RunDetails | undefined } {
  const { data: run, error, isLoading, reload } = useAsk<RunDetails>(`/runs/${encodeURIComponent(id)}`);
  const isUnderWay = run !== undefined && run.finishedAt === null;
  // biome-ignore lint/correctness/useExhaustiveDependencies: each answer is followed by the next question
  useEffect(() => {
    if (!isUnderWay) return;
    const timer = setTimeout(reload, LOOK_MILLISECONDS);
    return () => clearTimeout(timer);
  }, [run, isUnderWay, reload]);

  // Not there yet, as whoever follows a link right after a call may see.
  const isMissing = error?.code === "not-found";
  useEffect(() => {
    if (!isMissing) return;
    let looks = 0;
    const timer = setInterval(() => {
      looks += 1;
      if (looks >= MOST_LOOKS_FOR_NEW) clearInterval(timer);
      reload();
    }, LOOK_MILLISECONDS);
    return () => clearInterval(timer);
  }, [isMissing, reload]);
  return { run, error, isLoading, reload };
}
