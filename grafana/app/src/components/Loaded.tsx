import { LoadingPlaceholder } from "@grafana/ui";
import type { ReactNode } from "react";
import type { Asked } from "../api/use-ask";
import { Problem } from "./Problem";

/** What was asked for once it is there; until then that it comes, or why it does not. */
export function Loaded<Answer>({
  asked,
  children,
}: {
  asked: Asked<Answer>;
  children: (data: Answer) => ReactNode;
}) {
  return (
    <>
      {asked.error !== undefined && <Problem error={asked.error} onRetry={asked.reload} />}
      {asked.isLoading && <LoadingPlaceholder text="Loading…" />}
      {asked.data !== undefined && children(asked.data)}
    </>
  );
}
