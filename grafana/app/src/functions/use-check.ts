import { useEffect, useState } from "react";
import { type ApiError, ask } from "../api/client";
import type { Answer, Finding } from "../api/types";
import { type Draft, deploymentOf } from "./draft";

const PAUSE_MILLISECONDS = 600;

/** What the API says of a draft. */
export interface Check {
  readonly isAccepted: boolean;
  readonly isNameFree: boolean | null;
  /** What is wrong with name or manifest. */
  readonly problems: readonly string[];
  /** What was found in the code. */
  readonly findings: readonly Finding[];
}

/** Whether a draft can be deployed, as far as is known. */
export function mayBeDeployed({ unfinishedManifest }: Draft, check: Check | undefined): boolean {
  return unfinishedManifest === undefined && check?.isAccepted !== false;
}

/** Whether a draft could be deployed, asked while it is written. */
export function useCheck(
  draft: Draft,
  isNew: boolean,
): { check?: Check; error?: ApiError; isChecking: boolean } {
  const [state, setState] = useState<{ check?: Check; error?: ApiError }>({});
  const [isChecking, setChecking] = useState(true);
  const text = JSON.stringify({
    ...deploymentOf(draft),
    ...(isNew && draft.name !== "" ? { name: draft.name } : {}),
  });
  useEffect(() => {
    const stopping = new AbortController();
    const { signal } = stopping;
    setChecking(true);
    const timer = setTimeout(() => {
      ask<Answer<"checkFunction">>("POST", "/checks", { body: JSON.parse(text), signal })
        .then(
          (check) => !signal.aborted && setState({ check }),
          (error: ApiError) => !signal.aborted && setState({ error }),
        )
        .finally(() => !signal.aborted && setChecking(false));
    }, PAUSE_MILLISECONDS);
    return () => {
      clearTimeout(timer);
      stopping.abort();
    };
  }, [text]);
  return { ...state, isChecking };
}
