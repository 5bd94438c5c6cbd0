/**
 * Become the owner: where there is none, or the owner that was seen has not moved since.
 *
 * KEYS: the lease. ARGV: who asks, then the beat and token that its owner was seen with, or nothing, then names and
 * values that describe who asks. Returns 1 and the token, or 0, the owner's description, beat and token.
 *
 * A token is greater than every one before it, also after a server lost what it held, or went back to an older state:
 * it is at least the time.
 */
export const ACQUIRE_SCRIPT = `
local owner = redis.call('HGET', KEYS[1], 'owner')
if owner and owner ~= '' and owner ~= ARGV[1] then
  local seen = redis.call('HMGET', KEYS[1], 'beat', 'token', 'machine', 'process', 'place')
  if seen[1] ~= ARGV[2] or seen[2] ~= ARGV[3] then return { 0, seen[1], seen[2], seen[3], seen[4], seen[5] } end
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local before = tonumber(redis.call('HGET', KEYS[1], 'token') or '0') or 0
local token = string.format('%.0f', math.max(before + 1, now))
redis.call('HINCRBY', KEYS[1], 'beat', 1)
redis.call('HSET', KEYS[1], 'token', token, 'owner', ARGV[1], unpack(ARGV, 4))
return { 1, token }
`;

/**
 * Stay the owner. KEYS: leases. ARGV: their tokens. Returns for each 1 where it is still that owner's, 0 where it is
 * another's, -1 where there is none any more.
 */
export const RENEW_SCRIPT = `
local held = {}
for index = 1, #KEYS do
  local token = redis.pcall('HGET', KEYS[index], 'token')
  if type(token) == 'table' then
    -- One key that somebody wrote over costs no other lease.
    if not string.find(token.err, 'WRONGTYPE', 1, true) then return token end
    token = false
  end
  held[index] = token and 0 or -1
  if token == ARGV[index] then
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
