import type { BadgeColor } from "@grafana/ui";
import type { Instance, Workers } from "../api/types";

/** How a state is shown, and what it means. */
export interface ShownState {
  readonly text: string;
  readonly color: BadgeColor;
  readonly meaning: string;
}

/** Of the workers of a function. */
export const POOL_STATES: Readonly<Record<Workers["state"], ShownState>> = {
  starting: { text: "starting", color: "blue", meaning: "Its code is loaded for the first time." },
  idle: {
    text: "idle",
    color: "darkgrey",
    meaning: "Nothing is to do, so it has no worker. A call starts one.",
  },
  restarting: {
    text: "restarting",
    color: "orange",
    meaning: "Its last worker ended by itself; another one is on its way.",
  },
  ready: { text: "ready", color: "green", meaning: "It can be called." },
  failing: { text: "failing", color: "red", meaning: "Its code cannot be loaded. It is tried again." },
  stopped: { text: "stopped", color: "darkgrey", meaning: "It is called no more." },
};

/** Of a runtime. */
export const INSTANCE_STATES: Readonly<Record<Instance["state"], ShownState>> = {
  starting: { text: "starting", color: "blue", meaning: "Not every function's code has been loaded yet." },
  ready: {
    text: "ready",
    color: "green",
    meaning: "The code of every function has been loaded, or was tried to.",
  },
};

type StartMethod = Workers["workers"][number]["startMethod"];

/** How a worker's process came to be. */
export const START_METHODS: Readonly<Record<StartMethod, string>> = {
  fork: "copied from a warm process",
  spawn: "started anew",
  first: "the first: waited for a warm process",
  restore: "restored, in a virtual machine of its own",
};

/** A share in per cent, without digits that come and go. */
export function wholePercent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
