export function handler() {
  const kept = [];
  for (;;) kept.push({ text: `${kept.length} of many` });
}
