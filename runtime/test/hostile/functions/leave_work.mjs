/** Timers, a rejected promise and an error that nobody awaits, after the call has returned. */
export function handler() {
  setInterval(() => {}, 10);
  setTimeout(() => {
    throw new Error("later");
  }, 20);
  return { could: [] };
}
