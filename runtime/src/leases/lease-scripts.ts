/**
 * Become the owner: where there is none, or the owner that was seen has not moved since.
 *
 * KEYS: the lease. ARGV: who asks, then the beat and token that its owner was seen with, or nothing, then names and
 * values that describe who asks. Returns 1 and the token, or 0, the owner's description, beat and token.
 *
 * A token is greater than every one before it, also after a server lost what it held: the first one is the time.
 */
export const ACQUIRE_SCRIPT = `
local owner = redis.call('HGET', KEYS[1], 'owner')
if owner and owner ~= '' and owner ~= ARGV[1] then
  local seen = redis.call('HMGET', KEYS[1], 'beat', 'token', 'machine', 'process', 'place')
  if seen[1] ~= ARGV[2] or seen[2] ~= ARGV[3] then return { 0, seen[1], seen[2], seen[3], seen[4], seen[5] } end
end
if redis.call('HEXISTS', KEYS[1], 'token') == 0 then
  local time = redis.call('TIME')
  redis.call('HSET', KEYS[1], 'token', time[1] .. string.format('%03d', math.floor(time[2] / 1000)))
end
local token = redis.call('HINCRBY', KEYS[1], 'token', 1)
redis.call('HINCRBY', KEYS[1], 'beat', 1)
redis.call('HSET', KEYS[1], 'owner', ARGV[1], unpack(ARGV, 4))
return { 1, tostring(token) }
`;

/** Stay the owner. KEYS: leases. ARGV: their tokens. Returns for each whether it is still that owner's. */
export const RENEW_SCRIPT = `
local held = {}
for index = 1, #KEYS do
  held[index] = 0
  if redis.call('HGET', KEYS[index], 'token') == ARGV[index] then
    redis.call('HINCRBY', KEYS[index], 'beat', 1)
    held[index] = 1
  end
end
return held
`;

/** Own it no more. KEYS: the lease. ARGV: its token. */
export const RELEASE_SCRIPT = `
if redis.call('HGET', KEYS[1], 'token') == ARGV[1] then redis.call('HSET', KEYS[1], 'owner', '') end
return 1
`;
