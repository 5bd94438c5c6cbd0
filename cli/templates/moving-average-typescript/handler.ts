/** The mean of the newest values: `{"value": 12.5}` is an event. */
const WINDOW = 20;

interface Context {
  /** Kept between calls. */
  readonly env: { window?: number[] };
}

export function handler(input: { value: number }, context: Context): object {
  const window = [...(context.env.window ?? []), Number(input.value)].slice(-WINDOW);
  context.env.window = window;
  return { average: window.reduce((sum, value) => sum + value, 0) / window.length, count: window.length };
}
