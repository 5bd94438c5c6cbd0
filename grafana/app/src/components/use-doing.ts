import { AppEvents } from "@grafana/data";
import { getAppEvents } from "@grafana/runtime";
import { useCallback, useState } from "react";
import type { ApiError } from "../api/client";

/** Something that is done on request: whether it is under way, and what went wrong. */
export interface Doing {
  readonly isBusy: boolean;
  readonly error: ApiError | undefined;
  /** Do it; tells what was done once it is. @returns whether it worked. */
  readonly run: (work: () => Promise<unknown>, done?: string) => Promise<boolean>;
  readonly forget: () => void;
}

/** Do things that take a while and may fail, one at a time. */
export function useDoing(): Doing {
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError>();
  const run = useCallback(async (work: () => Promise<unknown>, done?: string) => {
    setBusy(true);
    setError(undefined);
    try {
      await work();
      if (done !== undefined) getAppEvents().publish({ type: AppEvents.alertSuccess.name, payload: [done] });
      return true;
    } catch (thrown) {
      setError(thrown as ApiError);
      return false;
    } finally {
      setBusy(false);
    }
  }, []);
  const forget = useCallback(() => setError(undefined), []);
  return { isBusy, error, run, forget };
}
