import { useEffect, useRef, useState } from "react";
import { type ApiError, ask } from "../api/client";
import type { Answer, TopicDetails } from "../api/types";
import type { Asked } from "../api/use-ask";

const PAGE_ITEMS = 500;
const LOOK_MILLISECONDS = 4_000;

/** All topics, page by page, and again every few seconds: the filter is for names of any page. */
export function useTopics(): Asked<readonly TopicDetails[]> {
  const [state, setState] = useState<{ data?: readonly TopicDetails[]; error?: ApiError }>({});
  const [turn, setTurn] = useState(0);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a turn asks again
  useEffect(() => {
    const stopping = new AbortController();
    const { signal } = stopping;
    const look = async (): Promise<void> => {
      try {
        if (document.visibilityState === "visible") {
          const data = await allTopics(signal);
          if (!signal.aborted) setState({ data });
        }
      } catch (error) {
        if (!signal.aborted) setState((last) => ({ ...last, error: error as ApiError }));
      }
      if (!signal.aborted) timer.current = setTimeout(() => void look(), LOOK_MILLISECONDS);
    };
    void look();
    return () => {
      stopping.abort();
      clearTimeout(timer.current);
    };
  }, [turn]);
  return {
    data: state.data,
    error: state.error,
    isLoading: state.data === undefined && state.error === undefined,
    reload: () => setTurn((last) => last + 1),
  };
}

async function allTopics(signal: AbortSignal): Promise<TopicDetails[]> {
  const found: TopicDetails[] = [];
  let after: string | null | undefined;
  while (after !== null) {
    const query = { limit: PAGE_ITEMS, after };
    const page: Answer<"listTopics"> = await ask("GET", "/topics", { query, signal });
    found.push(...page.items);
    after = page.next;
  }
  return found;
}
