/** How unusual a value is: its distance from the mean of those before it, in standard deviations. */
const WINDOW = 100;
/** With fewer, nothing is unusual. */
const FEWEST = 10;

interface Context {
  /** Kept between calls. */
  readonly env: { window?: number[] };
}

export function handler(input: { value: number }, context: Context): object {
  const before = context.env.window ?? [];
  const value = Number(input.value);
  const mean = before.reduce((sum, each) => sum + each, 0) / before.length;
  const variance = before.reduce((sum, each) => sum + (each - mean) ** 2, 0) / before.length;
  const score = before.length >= FEWEST && variance > 0 ? Math.abs(value - mean) / Math.sqrt(variance) : 0;
  context.env.window = [...before, value].slice(-WINDOW);
  return { value, score };
}
