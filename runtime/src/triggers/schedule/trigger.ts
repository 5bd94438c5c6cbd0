import { parseDuration } from "@gaugelet/shared/units";
import { cronOf } from "../../configuration/cron.ts";
import type { ScheduleTriggerSpec } from "../../configuration/triggers.ts";
import type { FunctionEvent } from "../../dispatcher/event.ts";
import type { Trigger } from "../trigger.ts";
import { repeat } from "./repeat.ts";

/**
 * Ticks: at an interval, the first at once, or by a cron expression in a time zone. The input is
 * `{"timestamp": <ISO 8601, UTC>, "schedule": <as written>}`.
 */
export class ScheduleTrigger implements Trigger {
  readonly #spec: ScheduleTriggerSpec;
  #stop: () => void = () => {};

  constructor(spec: ScheduleTriggerSpec) {
    this.#spec = spec;
  }

  start(emit: (event: FunctionEvent) => void): void {
    const tick = (): void => emit(this.#event(new Date()));
    const seconds = parseDuration(this.#spec.schedule);
    if (seconds === undefined) {
      const job = cronOf(this.#spec.schedule, this.#spec.timeZone, tick);
      this.#stop = () => job.stop();
      return;
    }
    this.#stop = repeat(seconds * 1000, tick);
  }

  stop(): void {
    this.#stop();
  }

  /** The time zone makes it another one. */
  get #source(): string {
    const { schedule, timeZone } = this.#spec;
    return timeZone === "UTC" ? `schedule:${schedule}` : `schedule:${schedule} ${timeZone}`;
  }

  #event(time: Date): FunctionEvent {
    const timestamp = time.toISOString();
    return {
      source: this.#source,
      shard: "",
      body: Buffer.from(JSON.stringify({ timestamp, schedule: this.#spec.schedule })),
      position: timestamp,
      context: { inputKey: null },
      isSuperseded: true,
      receivedAt: performance.now(),
    };
  }
}
