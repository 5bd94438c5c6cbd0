/** Say in words what a Redis error means and what to do about it. The text never holds a password. */
export function explainRedisError(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const code = (error as NodeJS.ErrnoException | undefined)?.code ?? /^[A-Z]+/.exec(message)?.[0] ?? "";
  const hint = HINTS[code] ?? HINTS[/^[A-Z]+/.exec(message)?.[0] ?? ""];
  return hint === undefined ? message : `${message}: ${hint}`;
}

const HINTS: Record<string, string> = {
  ECONNREFUSED: "nothing listens there; start Redis or set REDIS_HOST and REDIS_PORT",
  ENOTFOUND: "no such host; check REDIS_HOST",
  ETIMEDOUT: "no answer; check REDIS_HOST, REDIS_PORT and the network between",
  NOAUTH: "Redis asks for a password; set REDIS_PASSWORD (and REDIS_USERNAME for an ACL user)",
  WRONGPASS: "Redis refuses this user or password; check REDIS_USERNAME and REDIS_PASSWORD",
  NOPERM: "this Redis user lacks a right; grant it with ACL SETUSER",
  READONLY: "this Redis is a read-only replica; connect to the primary",
  OOM: "Redis is full; raise maxmemory, remove keys or choose an eviction policy",
  MISCONF: "Redis cannot save to its disk and refuses writes; free disk space or check its log",
  LOADING: "Redis is still loading its data; this passes by itself",
  WRONGTYPE: "the key holds another type than a string; delete it or choose another key",
};
