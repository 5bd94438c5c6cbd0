/** Wait for something, and no longer than until a signal. @throws what it throws until then. */
export async function untilAborted(
  awaited: Promise<unknown> | undefined,
  signal: AbortSignal,
): Promise<void> {
  if (awaited === undefined || signal.aborted) return;
  const aborted = Promise.withResolvers<void>();
  const abort = (): void => aborted.resolve();
  signal.addEventListener("abort", abort, { once: true });
  try {
    await Promise.race([awaited, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
