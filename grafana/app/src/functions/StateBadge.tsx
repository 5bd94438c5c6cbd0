import { Badge, type BadgeColor, type IconName } from "@grafana/ui";
import type { FunctionSummary } from "../api/types";

const SHOWN: Readonly<Record<FunctionSummary["state"], readonly [BadgeColor, IconName, string]>> = {
  serving: ["green", "check", "Serving"],
  paused: ["orange", "pause", "Paused"],
  deleted: ["red", "trash-alt", "Deleted"],
  shadowed: ["purple", "layers-alt", "Shadowed: the configuration file has one of its name"],
};

/** What a function's state is, in colour and words. */
export function StateBadge({ state }: Pick<FunctionSummary, "state">) {
  const [color, icon, text] = SHOWN[state];
  return <Badge color={color} icon={icon} text={text} />;
}
