/**
 * Call now and then every `milliseconds`, counted from the start so that lateness does not add up. Times
 * that passed unseen (a suspended machine) are left out; none comes twice, although timers may be early.
 */
export function repeat(milliseconds: number, tick: () => void): () => void {
  const start = performance.now();
  let due = 0;
  let timer: NodeJS.Timeout;
  const next = (): void => {
    tick();
    due = Math.max(due + 1, Math.round((performance.now() - start) / milliseconds));
    timer = setTimeout(next, Math.max(0, start + due * milliseconds - performance.now()));
  };
  timer = setTimeout(next, 0);
  return () => clearTimeout(timer);
}
