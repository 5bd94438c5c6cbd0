/**
 * Everything that some calls leave behind, in one atomic step.
 *
 * First come the checks: an owner that was replaced, or lost a partition, changes nothing. A hash of the wrong type
 * fails before anything is written. Positions are written last: where a right is missing half-way the step fails, and
 * must not be taken for done when it is tried again.
 *
 * A step whose positions and env are there already was done before and its reply was lost: it is not done again.
 *
 * KEYS: outputs, position, env, output, lease, dead letters, delayed, seen, then one per answer that is kept; then, where
 * calls are counted: runs, usage, the writer's last step.
 * ARGV: fencing token or nothing, whether there is an output, the output, its entry, whether there is an env, the env,
 * how long answers are kept in milliseconds, greatest number of dead letters, greatest number of seen ids, number of answers, then lists,
 * each with its length in front: positions (source, position, whether it is checked, the one expected), delayed events
 * that are over, delayed events (in how many milliseconds, event), dead letters (the delayed event that it was or
 * nothing, number of names and values, these), seen ids; then the answers; then, where calls are counted: their records,
 * what they used, greatest number of entries of runs, the step's number.
 *
 * Returns {@link STORED}, or another number where it is not to be stored.
 */
export const STORE_SCRIPT = `
if ARGV[1] ~= '' and redis.call('HGET', KEYS[5], 'token') ~= ARGV[1] then return 2 end
local counts = #KEYS > 8 + ARGV[10]
-- It was done, and its reply was lost.
if counts and redis.call('GET', KEYS[#KEYS]) == ARGV[#ARGV] then return 1 end
local at = 11
local function take()
  at = at + 1
  return ARGV[at - 1]
end

local positions = {}
for index = 1, tonumber(take()) do
  positions[index] = { take(), take(), take(), take() }
end
for _, each in ipairs(positions) do
  local current = redis.call('HGET', KEYS[2], each[1]) or ''
  if each[3] == '1' and current ~= each[4] then
    if current ~= each[2] then return 3 end
    -- Another owner may have handled the same event; what comes after it here was made from our env. Where calls are
    -- counted it was another: ours would have been known by its step, and what else is in this one is not stored.
    if counts or (ARGV[5] == '1' and redis.call('GET', KEYS[3]) ~= ARGV[6]) then return 3 end
    return 1
  end
end

if ARGV[2] == '1' then redis.call('HSET', KEYS[1], KEYS[4], ARGV[4]) end

local over = {}
for index = 1, tonumber(take()) do
  local event = take()
  over[event] = redis.call('ZREM', KEYS[7], event)
end
local delayed = tonumber(take())
if delayed > 0 then
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  for index = 1, delayed do
    local wait = take()
    redis.call('ZADD', KEYS[7], now + wait, take())
  end
end
for index = 1, tonumber(take()) do
  local was = take()
  local entry = {}
  for field = 1, tonumber(take()) do entry[field] = take() end
  if was == '' or over[was] == 1 then
    redis.call('XADD', KEYS[6], 'MAXLEN', '~', ARGV[8], '*', unpack(entry))
  end
end
local seen = tonumber(take())
if seen > 0 then
  local time = redis.call('TIME')
  for index = 1, seen do redis.call('ZADD', KEYS[8], time[1], take()) end
  redis.call('ZREMRANGEBYRANK', KEYS[8], 0, -1 - ARGV[9])
end
if ARGV[5] == '1' then redis.call('SET', KEYS[3], ARGV[6]) end
for index = 9, 8 + ARGV[10] do redis.call('SET', KEYS[index], take(), 'PX', ARGV[7]) end
if ARGV[2] == '1' then redis.call('SET', KEYS[4], ARGV[3]) end
if counts then
  local records, usage, most = take(), take(), tonumber(take())
  if redis.call('XLEN', KEYS[#KEYS - 2]) < most then
    redis.call('XADD', KEYS[#KEYS - 2], '*', 'records', records, 'usage', usage)
  else
    for _, each in ipairs(cjson.decode(usage)) do
      for _, unit in ipairs({ 'runs', 'billedMilliseconds', 'mebibyteMilliseconds', 'cpuMicroseconds' }) do
        local name = cjson.encode({ each.day, each.owner, each['function'], each.class, unit })
        redis.call('HINCRBY', KEYS[#KEYS - 1], name, string.format('%.0f', each[unit]))
      end
    end
  end
  redis.call('SET', KEYS[#KEYS], take(), 'PX', ARGV[7])
end
for _, each in ipairs(positions) do redis.call('HSET', KEYS[2], each[1], each[2]) end
return 1
`;

/** What {@link STORE_SCRIPT} returns where it is stored; 2: another owner holds the lease; 3: another has gone on. */
export const STORED = 1;

/**
 * Take a call that has an idempotency key, unless it was made before or somebody is at it.
 *
 * KEYS: its answer, who is at it. ARGV: who takes it, for how many milliseconds.
 *
 * Returns its answer, else who is at it: whoever takes it where nobody was.
 */
export const TAKE_CALL_SCRIPT = `
local answer = redis.call('GET', KEYS[1])
if answer then return { answer, false } end
redis.call('SET', KEYS[2], ARGV[1], 'NX', 'PX', ARGV[2])
return { false, redis.call('GET', KEYS[2]) }
`;

/**
 * Say of calls what is to be known of them, and for how long, where whoever says so is at them still.
 *
 * KEYS: who is at each. ARGV: who says so, what, for how many milliseconds.
 */
export const SAY_OF_CALLS_SCRIPT = `
for _, key in ipairs(KEYS) do
  if redis.call('GET', key) == ARGV[1] then redis.call('SET', key, ARGV[2], 'PX', ARGV[3]) end
end
return 0
`;

/**
 * Take delayed events that are due, and make them due again later, in case that whoever takes them comes to nothing.
 *
 * KEYS: delayed. ARGV: greatest number of events, in how many milliseconds they are due again.
 */
export const CLAIM_SCRIPT = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, ARGV[1])
for _, event in ipairs(due) do redis.call('ZADD', KEYS[1], now + ARGV[2], event) end
return due
`;
