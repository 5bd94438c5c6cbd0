import type { RunSummary } from "../api/types";

/** What calls functions, in words. */
export const TRIGGERS: Readonly<Record<RunSummary["trigger"], string>> = {
  http: "HTTP",
  topic: "Topic",
  "redis-key": "Redis key",
  schedule: "Schedule",
  prometheus: "Query",
  invocation: "Call",
  replay: "Replay",
};
