/** From here on a further signal is a person's impatience, not the echo of the first, in milliseconds. */
const ECHO = 500;

/**
 * When to stop: at SIGINT, SIGTERM or SIGHUP, or when the launcher is gone; and when to kill what is left:
 * at a second SIGINT.
 *
 * One Ctrl-C can arrive twice: from the terminal, and passed on by npm and the launcher.
 */
export function stopSignals(launcher: number | undefined): { stop: AbortSignal; kill: AbortSignal } {
  const stop = new AbortController();
  const kill = new AbortController();
  let stoppedAt = Number.POSITIVE_INFINITY;
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(name, () => {
      if (stop.signal.aborted && name === "SIGINT" && performance.now() - stoppedAt > ECHO) kill.abort();
      if (!stop.signal.aborted) stoppedAt = performance.now();
      stop.abort();
    });
  }
  if (launcher !== undefined) {
    const watch = setInterval(() => {
      if (isRunning(launcher)) return;
      clearInterval(watch);
      stop.abort();
    }, 500);
    watch.unref();
  }
  // The terminal or the program that read the output may go first.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
  return { stop: stop.signal, kill: kill.signal };
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
