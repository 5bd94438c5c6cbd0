/** Counts events of another service by their kind: `{"event": "order"}`. */
interface Context {
  /** Kept between calls. */
  readonly env: { counts?: Record<string, number> };
}

export function handler(input: { event: string }, context: Context): object {
  const counts = { ...context.env.counts };
  counts[input.event] = (counts[input.event] ?? 0) + 1;
  context.env.counts = counts;
  console.log(`event ${input.event} came`);
  const named = Object.entries(counts).map(([name, count]) => [`count_${name}`, count] as const);
  return { total: named.reduce((sum, [, count]) => sum + count, 0), ...Object.fromEntries(named) };
}
