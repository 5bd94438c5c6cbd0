import type { Draft, Language, Manifest } from "./draft";

/** What a new function may begin with. */
export interface Template {
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly language: Language;
  readonly manifest: Manifest;
  readonly files: Readonly<Record<string, string>>;
  /** An event that it can be tried with. */
  readonly example: unknown;
}

const HTTP = [{ http: true }];

export const TEMPLATES: readonly Template[] = [
  {
    id: "moving-average",
    title: "Moving average",
    description: "The mean of the newest 20 values",
    language: "python",
    manifest: { description: "Mean of the newest 20 values", handler: "handler.handler", triggers: HTTP },
    files: {
      "handler.py": `"""Mean of the newest values."""

from collections import deque

WINDOW = 20


def handler(input, context):
    """Take in {"value": ...}. What is in context.env is kept between calls."""
    window = context.env.setdefault("window", deque(maxlen=WINDOW))
    window.append(float(input["value"]))
    return {"average": sum(window) / len(window), "values": len(window)}
`,
    },
    example: { value: 21.5 },
  },
  {
    id: "anomaly",
    title: "Anomaly score",
    description: "How unusual a value is among those before it, with an alert above 3",
    language: "python",
    manifest: {
      description: "Says how unusual a value is among those before it",
      handler: "handler.handler",
      triggers: HTTP,
      thresholds: [{ field: "score", above: 3, for: "1m", severity: "warning" }],
    },
    files: {
      "handler.py": `"""Distance of a value from the mean of those before it, in standard deviations."""

import statistics
from collections import deque

WINDOW = 100
FEWEST = 10  # before, nothing is unusual


def handler(input, context):
    """Take in {"value": ...} and return its score."""
    window = context.env.setdefault("window", deque(maxlen=WINDOW))
    value = float(input["value"])
    score = 0.0
    if len(window) >= FEWEST:
        deviation = statistics.pstdev(window)
        score = abs(value - statistics.fmean(window)) / deviation if deviation > 0 else 0.0
    window.append(value)
    return {"value": value, "score": score}
`,
    },
    example: { value: 42 },
  },
  {
    id: "forecast",
    title: "Forecast with NumPy",
    description: "A straight line through the newest values, and where it is in ten steps",
    language: "python",
    manifest: { description: "Forecast by a straight line", handler: "handler.handler", triggers: HTTP },
    files: {
      "handler.py": `"""Where a value is heading: a straight line through the newest ones."""

from collections import deque

import numpy as np

WINDOW = 60
STEPS = 10


def handler(input, context):
    """Take in {"value": ...} and return its trend and forecast."""
    window = context.env.setdefault("window", deque(maxlen=WINDOW))
    window.append(float(input["value"]))
    if len(window) < 2:
        return {"trend": 0.0, "forecast": window[-1]}
    slope, start = np.polyfit(np.arange(len(window)), np.array(window), 1)
    return {"trend": float(slope), "forecast": float(start + slope * (len(window) - 1 + STEPS))}
`,
    },
    example: { value: 3.2 },
  },
  {
    id: "webhook",
    title: "Webhook",
    description: "Takes JSON over HTTP and counts what kinds of things come",
    language: "typescript",
    manifest: {
      description: "Counts events by their kind",
      language: "typescript",
      handler: "handler.handler",
      triggers: HTTP,
      input: { type: "object", required: ["kind"], properties: { kind: { type: "string" } } },
    },
    files: {
      "handler.ts": `interface Context {
  /** Kept between calls. */
  env: { counts?: Record<string, number> };
}

export function handler(input: { kind: string }, { env }: Context) {
  env.counts ??= {};
  env.counts[input.kind] = (env.counts[input.kind] ?? 0) + 1;
  return { kind: input.kind, counts: env.counts };
}
`,
    },
    example: { kind: "order" },
  },
  {
    id: "transform",
    title: "Transform between topics",
    description: "Reads one topic, converts each event, and publishes to another",
    language: "python",
    manifest: {
      description: "Fahrenheit to Celsius, from one topic to another",
      handler: "handler.handler",
      state: "none",
      triggers: [{ topic: "fahrenheit", start: "oldest" }],
      output: { topics: ["celsius"] },
    },
    files: {
      "handler.py": `"""Convert each event of one topic for another."""


def handler(input, context):
    """Take in {"sensor": ..., "fahrenheit": ...}."""
    return {"sensor": input["sensor"], "celsius": (input["fahrenheit"] - 32) / 1.8}
`,
    },
    example: { sensor: "roof", fahrenheit: 68 },
  },
];

/** The draft that a template begins. */
export function draftOfTemplate({ manifest, files }: Template, name: string): Draft {
  return { name, manifest, files };
}

/** A trigger by a panel's query, for a function that is made from a panel. */
export function draftOfQuery(query: string): Draft {
  return {
    name: "",
    manifest: {
      description: "Made from a panel",
      handler: "handler.handler",
      triggers: [{ prometheus: { query, every: "15s" } }],
    },
    files: {
      "handler.py": `"""What a query resulted in comes as a list of series."""


def handler(input, context):
    """Each item has its "labels" and a "value", which is None where it is no number."""
    values = [item["value"] for item in input["result"] if item["value"] is not None]
    return {"series": len(values), "sum": sum(values)}
`,
    },
  };
}
