/**
 * Let an event be handled once more: it is taken from the dead letters and is due at once, in one step.
 *
 * KEYS: dead letters, delayed events. ARGV: the letter's id, the event as it waits. Returns whether there was one.
 */
export const REPLAY_SCRIPT = `
if redis.call('XDEL', KEYS[1], ARGV[1]) == 0 then return 0 end
redis.call('ZADD', KEYS[2], 0, ARGV[2])
return 1
`;

/** Forget letters. KEYS: dead letters. ARGV: ids. Returns how many there were. */
export const DROP_SCRIPT = `
local dropped = 0
for _, id in ipairs(ARGV) do dropped = dropped + redis.call('XDEL', KEYS[1], id) end
return dropped
`;
