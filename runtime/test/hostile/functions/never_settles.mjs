export function handler() {
  return new Promise(() => setInterval(() => {}, 1000));
}
