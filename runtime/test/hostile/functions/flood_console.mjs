const LINES = Array(10_000).fill("x".repeat(99)).join("\n");

export function handler() {
  for (let count = 0; count < 20; count += 1) console.log(LINES);
  return { could: [] };
}
