/** What a test's function does, its input says. */
export const HANDLER = `
import os, time
kept = []
def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096
def handler(input, context):
    if input.get("raise"):
        raise ValueError("as asked")
    if input.get("exit"):
        os._exit(1)
    while resident() < input.get("allocate", 0):
        kept.append(bytearray(b"x" * 1_000_000))
    time.sleep(input.get("sleep", 0))
    return input.get("output", {"calls": 1})
`;

/** What a function's `handler.py` holds at first. */
export function codeOf(source: string): string {
  return source === "unloadable" ? "def handler(:\n" : HANDLER;
}

const base = { handler: "handler.handler", state: "none", triggers: [{ http: true }], owner: "operations" };
const define = (name: string, more: object = {}): object => ({ ...base, name, source: name, ...more });

export const MEMORY = 256 * 1024 ** 2;

/** One function for each thing that can go wrong, beside those that we ship. */
export const functions: readonly object[] = [
  define("fails"),
  define("slow", { limits: { timeout: "1s" } }),
  define("limited", { limits: { timeout: "50ms" } }),
  define("unloadable"),
  define("busy", {
    workers: { min: 1, max: 1, scaleUp: { utilization: 0.8, for: "1s" }, scaleDown: { idle: "10s" } },
  }),
  define("large", { limits: { memory: MEMORY } }),
  define("crashes", { state: "function", triggers: [{ redisKey: "crash" }] }),
  define("quiet", { output: { staleAfter: "2s" } }),
  define("watched", {
    thresholds: [
      { field: "length", above: 10, for: "1s", severity: "critical" },
      { field: "typo", above: 10 },
    ],
  }),
  define("sick-host", { output: { key: "metrics:sick" } }),
  define("lagging", { triggers: [{ topic: "lagging", start: "oldest" }] }),
  define("late", { triggers: [{ topic: "late", start: "oldest" }] }),
  define("unread", { triggers: [{ topic: "unread" }] }),
  define("retried", {
    triggers: [{ topic: "retried", start: "oldest", retries: { backoff: { from: "10ms", to: "50ms" } } }],
    output: { topics: ["published"] },
  }),
];
