import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { HANDLER, MEMORY } from "./functions.ts";
import type { LiveStack } from "./stack.ts";

/** How to break something and to mend it. Both are done again and again until the alerts have heard. */
export interface Scenario {
  readonly alerts: readonly string[];
  /** Labels that those alerts have, so that what follows from others does not count. */
  readonly labels: Readonly<Record<string, string>>;
  readonly breaks: (stack: LiveStack) => Promise<unknown>;
  readonly mends: (stack: LiveStack) => Promise<unknown>;
}

const of = (name: string): Record<string, string> => ({ function: name });
const nothing = async (): Promise<void> => {};

function host(cpu: number, used: number, egress: number, cache: number): object {
  return {
    "cpu_percent-0": cpu,
    "virtual_memory-total": 100,
    "virtual_memory-used": used,
    "percent-network-egress": egress,
    "percent-memory-cache": cache,
  };
}

let events = 0;

/** Publish events to a topic. */
export async function publish(
  { redis }: LiveStack,
  topic: string,
  count: number,
  event: object,
): Promise<void> {
  const pipeline = redis.client.pipeline();
  for (let each = 0; each < count; each += 1) {
    pipeline.xadd(`gaugelet:topic:${topic}`, "*", "event", JSON.stringify(event));
  }
  await pipeline.exec();
}

/** What goes wrong with functions and hosts: all of it at the same time. */
export const together: readonly Scenario[] = [
  {
    alerts: [
      "GaugeletFunctionFailing",
      "GaugeletFunctionErrorBudgetBurnFast",
      "GaugeletFunctionErrorBudgetBurnSlow",
    ],
    labels: of("fails"),
    breaks: (stack) => stack.call("fails", { raise: true }),
    mends: (stack) => stack.call("fails", {}),
  },
  {
    alerts: ["GaugeletBudgetWarning"],
    labels: { owner: "warned" },
    breaks: (stack) => stack.budget("warned", { amount: "1", warnAt: 0 }),
    mends: (stack) => stack.budget("warned", undefined),
  },
  {
    alerts: ["GaugeletBudgetSpent"],
    labels: { owner: "spent" },
    breaks: (stack) => stack.budget("spent", { amount: "0" }),
    mends: (stack) => stack.budget("spent", undefined),
  },
  {
    alerts: ["GaugeletFunctionSlow"],
    labels: of("slow"),
    breaks: (stack) => stack.call("slow", { sleep: 0.8 }),
    mends: (stack) => stack.call("slow", {}),
  },
  {
    alerts: ["GaugeletFunctionAtLimit"],
    labels: { ...of("limited"), limit: "timeout" },
    breaks: (stack) => stack.call("limited", { sleep: 5 }),
    mends: nothing,
  },
  {
    alerts: ["GaugeletFunctionNotLoaded"],
    labels: of("unloadable"),
    breaks: nothing,
    mends: once((stack) => writeFile(join(stack.folder, "unloadable", "handler.py"), HANDLER)),
  },
  {
    alerts: ["GaugeletFunctionQueueGrowing", "GaugeletWorkersAtMaximum"],
    labels: of("busy"),
    breaks: async (stack) => {
      // Not waited for: they are to pile up.
      for (let call = 0; call < 60; call++) void stack.call("busy", { sleep: 0.02 });
    },
    mends: nothing,
  },
  {
    alerts: ["GaugeletWorkerMemoryHigh"],
    labels: of("large"),
    breaks: (stack) => stack.call("large", { allocate: 0.94 * MEMORY }),
    mends: once((stack) => writeFile(join(stack.folder, "large", "handler.py"), `${HANDLER}\nversion = 2\n`)),
  },
  {
    alerts: ["GaugeletFunctionCrashLooping", "GaugeletDeadLetters"],
    labels: of("crashes"),
    breaks: async (stack) => {
      events += 1;
      await stack.redis.client.set("crash", JSON.stringify({ exit: true, events }));
    },
    mends: async (stack) => {
      events += 1;
      await stack.redis.client.set("crash", JSON.stringify({ events }));
    },
  },
  {
    alerts: ["GaugeletOutputStale"],
    labels: { key: "gaugelet:output:quiet" },
    breaks: nothing,
    mends: (stack) => stack.call("quiet", {}),
  },
  {
    alerts: ["GaugeletThresholdCrossed"],
    labels: { ...of("watched"), severity: "critical" },
    breaks: (stack) => stack.call("watched", { output: { length: 11 } }),
    mends: (stack) => stack.call("watched", { output: { length: 9, typo: 1 } }),
  },
  {
    alerts: ["GaugeletThresholdWithoutValue"],
    labels: of("watched"),
    breaks: nothing,
    mends: nothing,
  },
  {
    alerts: [
      "GaugeletHostCpuHigh",
      "GaugeletHostMemoryHigh",
      "GaugeletHostEgressHigh",
      "GaugeletHostCacheLow",
    ],
    labels: { host: "sick" },
    breaks: (stack) => stack.call("sick-host", { output: host(99, 95, 95, 1) }),
    mends: (stack) => stack.call("sick-host", { output: host(5, 30, 20, 40) }),
  },
  {
    alerts: ["GaugeletTopicLagGrowing"],
    labels: { ...of("lagging"), topic: "lagging" },
    breaks: (stack) => publish(stack, "lagging", 500, { sleep: 0.005 }),
    mends: (stack) => stack.redis.client.xtrim("gaugelet:topic:lagging", "MAXLEN", 0),
  },
  {
    alerts: ["GaugeletTopicEventsOld"],
    labels: { ...of("late"), topic: "late" },
    // The id of an entry says when it was published.
    breaks: (stack) => {
      events += 1;
      return stack.redis.client.xadd("gaugelet:topic:late", `${events}-1`, "event", '{"sleep":0.6}');
    },
    mends: nothing,
  },
  {
    alerts: ["GaugeletTopicNotRead"],
    labels: of("unread"),
    breaks: nothing,
    mends: once((stack) => publish(stack, "unread", 1, {})),
  },
  {
    alerts: ["GaugeletTopicEventsRetried"],
    labels: { ...of("retried"), topic: "retried" },
    breaks: (stack) => publish(stack, "retried", 5, { raise: true }),
    mends: nothing,
  },
  {
    alerts: ["GaugeletTargetDown"],
    labels: { job: "other" },
    breaks: async ({ other }) => {
      other.metrics = undefined;
    },
    mends: async ({ other }) => {
      other.metrics = "";
    },
  },
  {
    alerts: ["GaugeletNotificationsFailing"],
    labels: { integration: "webhook" },
    breaks: async ({ other }) => {
      other.takesNotifications = false;
    },
    mends: async ({ other }) => {
      other.takesNotifications = true;
    },
  },
  {
    alerts: ["GaugeletConfigurationNotReloaded"],
    labels: { job: "prometheus" },
    breaks: once((stack) => stack.configure(false)),
    mends: once((stack) => stack.configure(true)),
  },
];

/** What takes others with it: one after the other. */
export const alone: readonly Scenario[] = [
  {
    alerts: ["GaugeletRulesFailing"],
    labels: { job: "prometheus" },
    breaks: async ({ other }) => {
      other.metrics = 'trouble{a="1"} 1\ntrouble{a="2"} 1\n';
    },
    mends: async ({ other }) => {
      other.metrics = "";
    },
  },
  {
    alerts: ["GaugeletRuntimeDown"],
    labels: { job: "runtime" },
    breaks: (stack) => stack.kill("runtime"),
    mends: once((stack) => stack.start("runtime")),
  },
  {
    alerts: ["GaugeletExporterDown"],
    labels: { job: "exporter" },
    breaks: (stack) => stack.kill("exporter"),
    mends: once((stack) => stack.start("exporter")),
  },
  {
    alerts: ["GaugeletRedisDown"],
    labels: { job: "exporter" },
    breaks: (stack) => stack.redis.crash(),
    mends: once((stack) => stack.redis.restart()),
  },
];

/** The first time only. */
function once(action: (stack: LiveStack) => Promise<unknown>): Scenario["mends"] {
  let done: Promise<unknown> | undefined;
  return (stack) => {
    done ??= action(stack);
    return done;
  };
}
