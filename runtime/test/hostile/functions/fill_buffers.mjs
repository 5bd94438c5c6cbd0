export function handler() {
  const kept = [];
  for (let count = 0; count < 1024; count += 1) kept.push(Buffer.alloc(1024 * 1024, 1));
  return { could: [`have ${kept.length} MiB`] };
}
