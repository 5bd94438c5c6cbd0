import { executionAsyncResource } from "node:async_hooks";

const kept: object[] = [];

/**
 * Keep `process.nextTick` quick, which Node's streams use several times for each call of a function.
 *
 * Node makes an object of each tick, by computed names. When V8 has looked through all memory while none of them was
 * there it has forgotten their shape, and the next one looks to it as if this place made objects of many shapes: from
 * then on each is made in the slow way, which takes three times as long (Node 20 and 24). One that stays keeps it.
 */
export function keepTicksQuick(): void {
  process.nextTick(() => kept.push(executionAsyncResource()));
}
