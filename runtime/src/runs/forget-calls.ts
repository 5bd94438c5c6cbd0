import { INVOCATIONS_KEY } from "@gaugelet/shared/keys";
import type { Redis } from "ioredis";
import { GROUP } from "./accepted-calls.ts";

/** Each may be large, and all of them are in memory. */
const LOOKED_AT_ONCE = 16;

/**
 * Take the calls of a function out of those that were accepted.
 *
 * KEYS: calls. ARGV: the function, the group, where to begin, how many are looked at. Returns the id of the last one, or
 * nothing where there are no more.
 */
const FORGET_SCRIPT = `
local entries = redis.call('XRANGE', KEYS[1], ARGV[3], '+', 'COUNT', ARGV[4])
for _, entry in ipairs(entries) do
  for at = 1, #entry[2], 2 do
    if entry[2][at] == 'function' and entry[2][at + 1] == ARGV[1] then
      redis.call('XDEL', KEYS[1], entry[1])
      redis.call('XACK', KEYS[1], ARGV[2], entry[1])
    end
  end
end
return #entries == tonumber(ARGV[4]) and entries[#entries][1] or false
`;

/** Forget calls of a function that were accepted and not made: runtimes would look at them for ever. */
export async function forgetCalls(redis: Redis, name: string): Promise<void> {
  let from: string | undefined = "-";
  while (from !== undefined) {
    const last: unknown = await redis.eval(
      FORGET_SCRIPT,
      1,
      INVOCATIONS_KEY,
      name,
      GROUP,
      from,
      LOOKED_AT_ONCE,
    );
    from = typeof last === "string" ? `(${last}` : undefined;
  }
}
