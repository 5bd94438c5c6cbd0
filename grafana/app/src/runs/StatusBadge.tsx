import { Badge, type BadgeColor, type IconName } from "@grafana/ui";
import type { RunSummary } from "../api/types";

/** What a run may come to, and how that is shown. */
export const STATUSES: Readonly<Record<RunSummary["status"], readonly [BadgeColor, IconName, string]>> = {
  waiting: ["darkgrey", "clock-nine", "Waiting"],
  running: ["blue", "play", "Running"],
  completed: ["green", "check", "Completed"],
  failed: ["red", "exclamation-circle", "Failed"],
  "timed-out": ["orange", "stopwatch-slash", "Timed out"],
  killed: ["red", "times-circle", "Killed"],
  rejected: ["purple", "ban", "Rejected"],
};

/** What a run came to, in colour and words. A replay says it as text. */
export function StatusBadge({ status }: { status: string }) {
  const [color, icon, text] = STATUSES[status as RunSummary["status"]] ?? [
    "darkgrey",
    "question-circle",
    status,
  ];
  return <Badge color={color} icon={icon} text={text} />;
}
