/**
 * The numbers that panels draw and alerts compare with: here alone, so that both say the same. Ratios from 0
 * to 1, times in seconds.
 */
export const thresholds = {
  /** Mean utilization of a host's CPUs. Above. */
  hostCpu: 0.9,
  /** Share of a host's memory that programs hold. Above. */
  hostMemory: 0.9,
  /** Share of the traffic that leaves a host. Above. */
  hostEgress: 0.9,
  /** Share of a host's memory that caches files. Below. */
  hostCache: 0.05,
  /** Share of a function's calls that fail. Above. */
  functionFailures: 0.1,
  /** The slow calls' duration (95th percentile), as a share of the function's timeout. Above. */
  functionDuration: 0.5,
  /** Events that wait for a function's workers, if they also become more. Above. */
  functionQueue: 100,
  /** Workers that end by themselves within {@link windows.restarts}. From. */
  workerRestarts: 3,
  /** Share of their time that all workers have calls, where there may be no more of them. Above. */
  workerUtilization: 0.8,
  /** Resident memory of a worker, as a share of its limit. Above. */
  workerMemory: 0.9,
  /** Events of a topic that a function has not handled, if they also become more. Above. */
  topicLag: 1000,
  /** How long the oldest event of a topic waits. Above. */
  topicEventAge: 300,
  /** Events that are tried again within {@link windows.retries}. Above. */
  topicRetries: 10,
  /** How many times faster than the objective allows failures use up what it leaves over. Above. */
  burnFast: 14.4,
  burnSlow: 6,
  /** Share of the notifications that cannot be sent. Above. */
  notificationFailures: 0.1,
} as const;

/** The times over which alerts and panels count. */
export const windows = {
  failures: "5m",
  duration: "5m",
  restarts: "10m",
  limits: "5m",
  deadLetters: "10m",
  retries: "10m",
  assignments: "10m",
} as const;
