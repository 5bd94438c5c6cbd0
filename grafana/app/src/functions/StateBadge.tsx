import { Badge, type BadgeColor, type IconName } from "@grafana/ui";
import type { FunctionSummary } from "../api/types";

const SHOWN: Readonly<Record<FunctionSummary["state"], readonly [BadgeColor, IconName, string]>> = {
  serving: ["green", "check", "Serving"],
  paused: ["orange", "pause", "Paused"],
  deleted: ["red", "trash-alt", "Deleted"],
  shadowed: ["purple", "layers-alt", "Shadowed: the configuration file has one of its name"],
};

/** What a function's state is, in colour and words; where its code cannot be loaded, that. */
export function StateBadge({ state, loadProblem }: Pick<FunctionSummary, "state" | "loadProblem">) {
  if (state === "serving" && loadProblem !== null) {
    return <Badge color="red" icon="exclamation-triangle" text="Not loaded" tooltip={loadProblem} />;
  }
  const [color, icon, text] = SHOWN[state];
  return <Badge color={color} icon={icon} text={text} />;
}
