import type { Delivery } from "./delivery.ts";
import type { Flow } from "./feed.ts";
import { RoundRobin } from "./round-robin.ts";

/** Flows of one weight take turns. */
interface Group {
  readonly weight: number;
  /** Those that may have something. */
  readonly flows: RoundRobin<Flow>;
  /** What this group was given so far, in units of its weight. */
  given: number;
}

/**
 * Takes from several flows by weighted fair queuing (Demers, Keshav, Shenker 1989, with one unit for each event):
 * while there is something of each weight, a weight of 4 is given four times as many as a weight of 1, and none
 * starves. What a weight did not use while it had nothing is not made up for.
 */
export class Intake {
  readonly #groups: Group[] = [];
  /** Whose first flow is the one that was looked at. */
  #chosen: Group | undefined;
  /** How far the group is that was chosen last. */
  #virtualTime = 0;

  /** Whether some flow may have something. */
  get isActive(): boolean {
    for (const { flows } of this.#groups) if (flows.size > 0) return true;
    return false;
  }

  /** A flow may have something. */
  wake(flow: Flow): void {
    if (flow.isInTurn) return;
    let group = this.#groups.find(({ weight }) => weight === flow.weight);
    if (group === undefined) {
      group = { weight: flow.weight, flows: new RoundRobin(), given: this.#virtualTime };
      this.#groups.push(group);
    }
    if (group.flows.size === 0) group.given = Math.max(group.given, this.#virtualTime);
    group.flows.add(flow);
    this.#chosen = undefined;
  }

  /** Take nothing more from a flow. */
  remove(flow: Flow): void {
    for (const { flows } of this.#groups) if (flows.remove(flow)) break;
    this.#chosen = undefined;
  }

  /** The next delivery, which stays; undefined where no flow has one now. */
  peek(now: number): Delivery | undefined {
    for (let group = this.#first(); group !== undefined; group = this.#first()) {
      const { flows } = group;
      const flow = flows.first as Flow;
      const isOfGroup = flow.weight === group.weight;
      const delivery = isOfGroup ? flow.peek(now) : undefined;
      if (delivery !== undefined) {
        this.#chosen = group;
        return delivery;
      }
      flows.dropFirst();
      if (!isOfGroup) this.wake(flow);
    }
    return undefined;
  }

  /** Take out what `peek` gave. */
  take(): Delivery | undefined {
    const group = this.#chosen;
    if (group === undefined) return undefined;
    this.#chosen = undefined;
    this.#virtualTime = group.given;
    group.given += 1 / group.weight;
    const flow = group.flows.first;
    group.flows.next();
    return flow?.take();
  }

  #first(): Group | undefined {
    let first: Group | undefined;
    for (const group of this.#groups) {
      if (group.flows.size > 0 && (first === undefined || group.given < first.given)) first = group;
    }
    return first;
  }
}
