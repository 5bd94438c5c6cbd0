export function handler() {
  let value = {};
  for (let depth = 0; depth < 100_000; depth += 1) value = { x: value };
  return value;
}
