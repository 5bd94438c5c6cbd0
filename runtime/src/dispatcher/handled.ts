import type { Handled } from "../sinks/outbox.ts";
import type { CallAnswer } from "../triggers/http/callable.ts";
import type { Delivery } from "./delivery.ts";

/**
 * What is to be stored of calls that succeeded.
 *
 * @param deliveries oldest first; at least one.
 * @param env after the newest of them.
 */
export function handledOf(deliveries: readonly Delivery[], env: Buffer | undefined): Handled {
  const positions = new Map<string, string>();
  const answers = new Map<string, Buffer>();
  const waiting: [Delivery, CallAnswer][] = [];
  let output: Buffer = Buffer.alloc(0);
  for (const delivery of deliveries) {
    const { source, position } = delivery.event;
    if (position !== null) positions.set(source, position);
    output = delivery.output;
    if (delivery.idempotencyKey === undefined) continue;
    answers.set(delivery.idempotencyKey, output);
    waiting.push([delivery, { outcome: "ok", output, seconds: delivery.seconds }]);
  }
  const replyToAll = (): void => {
    for (const [delivery, answer] of waiting) delivery.reply(answer);
  };
  return { output, env, positions, answers, onStored: waiting.length === 0 ? undefined : replyToAll };
}
