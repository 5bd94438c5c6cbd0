import type { StartedInvocation } from "./invocations.ts";

/** An entry of `gaugelet:invocations` as Redis gives it. */
export type InvocationEntry = readonly [id: Buffer, fields: readonly Buffer[]];

/** The call that an entry is; undefined where it is none. */
export function readEntry([, fields]: InvocationEntry): StartedInvocation | undefined {
  const byName = new Map<string, Buffer>();
  for (let at = 0; at + 1 < fields.length; at += 2) {
    byName.set((fields[at] as Buffer).toString(), fields[at + 1] as Buffer);
  }
  const text = (name: string): string | undefined => byName.get(name)?.toString();
  const [name, runId, user, body] = [text("function"), text("runId"), text("user"), byName.get("body")];
  const queuedAt = Number(text("queuedAt"));
  if (name === undefined || runId === undefined || user === undefined || body === undefined) return undefined;
  if (!Number.isSafeInteger(queuedAt)) return undefined;
  const idempotencyKey = text("idempotencyKey");
  return { function: name, runId, user, body, shard: text("shard") ?? "", queuedAt, idempotencyKey };
}
