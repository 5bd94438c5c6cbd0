import { Badge } from "@grafana/ui";
import type { ShownState } from "./states";

/** A state as one word, with what it means. */
export function StateBadge({ state }: { state: ShownState }) {
  return <Badge text={state.text} color={state.color} tooltip={state.meaning} />;
}
