import type { Redis } from "ioredis";

/**
 * Where a topic was deleted before, its positions go on: an event of the new one would otherwise be taken for one
 * that was handled, if the clock went back in between or all happened within one millisecond.
 */
const GO_ON = `
local function goOn(key, old)
  if not old then return end
  local read, entry = pcall(cjson.decode, old)
  if not read or type(entry) ~= 'table' or type(entry.last) ~= 'string' then return end
  redis.call('XGROUP', 'CREATE', key, 'gaugelet', '0', 'MKSTREAM')
  redis.call('XGROUP', 'DESTROY', key, 'gaugelet')
  redis.call('XSETID', key, entry.last)
end
`;

/**
 * KEYS: stream, hash of topics. ARGV: topic, its entry in the hash, and 1 where events are kept for a time, which
 * Redis before 6.2 refuses as a syntax error.
 *
 * @returns 1; 0 where it exists.
 */
const CREATE_SCRIPT = `${GO_ON}
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
if ARGV[3] == '1' then redis.call('XTRIM', KEYS[1], 'MINID', '~', '0') end
goOn(KEYS[1], redis.call('HGET', KEYS[2], ARGV[1]))
if redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('XGROUP', 'CREATE', KEYS[1], 'gaugelet', '0', 'MKSTREAM')
  redis.call('XGROUP', 'DESTROY', KEYS[1], 'gaugelet')
end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
return 1
`;

/**
 * KEYS: stream, hash of topics. ARGV: topic.
 *
 * @returns 1; 0 where there is no such topic.
 */
const DELETE_SCRIPT = `
local info = redis.pcall('XINFO', 'STREAM', KEYS[1])
if info.err then
  if redis.call('EXISTS', KEYS[1]) == 1 then return info end
  return 0
end
for at = 1, #info, 2 do
  if info[at] == 'last-generated-id' then
    redis.call('HSET', KEYS[2], ARGV[1], cjson.encode({ last = info[at + 1] }))
  end
end
redis.call('UNLINK', KEYS[1])
return 1
`;

/**
 * KEYS: stream, hash of topics. ARGV: topic, its entry in the hash where it has none, Unix milliseconds, then for
 * each event its body, a flag (0: no more; 1: a key; 2: headers; 3: both) and what the flag says.
 *
 * A stream that has no entry is somebody else's, and not trimmed.
 *
 * @returns the ids.
 */
const PUBLISH_SCRIPT = `${GO_ON}
local key, topic = KEYS[1], ARGV[1]
local json = redis.call('HGET', KEYS[2], topic)
local read, entry
if json then read, entry = pcall(cjson.decode, json) end
local made = read and type(entry) == 'table' and type(entry.retention) == 'table'
if not made then
  entry = {}
  if redis.call('EXISTS', key) == 0 then
    goOn(key, json)
    redis.call('HSET', KEYS[2], topic, ARGV[2])
    entry = cjson.decode(ARGV[2])
  end
end
local retention = entry.retention or {}
local events, seconds = tonumber(retention.events), tonumber(retention.seconds)
local ids = {}
local at = 4
while ARGV[at] do
  local entry = { key, '*', 'event', ARGV[at] }
  if events then entry = { key, 'MAXLEN', '~', string.format('%.0f', events), '*', 'event', ARGV[at] } end
  local flag = ARGV[at + 1]
  at = at + 2
  if flag == '1' or flag == '3' then
    entry[#entry + 1] = 'key'
    entry[#entry + 1] = ARGV[at]
    at = at + 1
  end
  if flag == '2' or flag == '3' then
    entry[#entry + 1] = 'headers'
    entry[#entry + 1] = ARGV[at]
    at = at + 1
  end
  ids[#ids + 1] = redis.call('XADD', unpack(entry))
end
if seconds then
  local oldest = math.max(0, tonumber(ARGV[3]) - seconds * 1000)
  -- They are published: what goes wrong now must not make somebody publish them again.
  redis.pcall('XTRIM', key, 'MINID', '~', string.format('%.0f', oldest))
end
return ids
`;

/**
 * KEYS: stream. ARGV: group, the position it is to be at, the number of events up to there or an empty text, and the
 * position from which it may be set back or an empty text.
 *
 * Whoever was paused and has been replaced must not change what the group says, so nobody may come between looking
 * and setting.
 *
 * @returns OK; 0 where the group is further, or there already with as much known of it.
 */
const MOVE_GROUP_SCRIPT = `
local function compare(a, b)
  if #a ~= #b then return #a - #b end
  return a < b and -1 or a > b and 1 or 0
end
local function compareIds(a, b)
  local aTime, aNumber = string.match(a, '^(%d+)-(%d+)$')
  local bTime, bNumber = string.match(b, '^(%d+)-(%d+)$')
  local times = compare(aTime, bTime)
  return times ~= 0 and times or compare(aNumber, bNumber)
end
local groups = redis.pcall('XINFO', 'GROUPS', KEYS[1])
if groups.err then return groups end
for _, group in ipairs(groups) do
  local info = {}
  for at = 1, #group, 2 do info[group[at]] = group[at + 1] end
  local position = info['last-delivered-id']
  if info.name == ARGV[1] and position ~= ARGV[4] then
    local order = compareIds(ARGV[2], position)
    if order < 0 or (order == 0 and (info['entries-read'] or ARGV[3] == '')) then return 0 end
  end
end
if ARGV[3] == '' then return redis.pcall('XGROUP', 'SETID', KEYS[1], ARGV[1], ARGV[2]) end
return redis.pcall('XGROUP', 'SETID', KEYS[1], ARGV[1], ARGV[2], 'ENTRIESREAD', ARGV[3])
`;

/** A connection that has these scripts. */
export interface ScriptedRedis extends Redis {
  gaugeletCreateTopic(...keysAndValues: string[]): Promise<number>;
  gaugeletDeleteTopic(...keysAndValues: string[]): Promise<number>;
  gaugeletPublish(...keysAndValues: (string | Buffer)[]): Promise<string[]>;
  gaugeletMoveGroup(...keysAndValues: string[]): Promise<unknown>;
}

/** Give a connection these scripts. */
export function withScripts(redis: Redis): ScriptedRedis {
  redis.defineCommand("gaugeletCreateTopic", { numberOfKeys: 2, lua: CREATE_SCRIPT });
  redis.defineCommand("gaugeletDeleteTopic", { numberOfKeys: 2, lua: DELETE_SCRIPT });
  redis.defineCommand("gaugeletPublish", { numberOfKeys: 2, lua: PUBLISH_SCRIPT });
  redis.defineCommand("gaugeletMoveGroup", { numberOfKeys: 1, lua: MOVE_GROUP_SCRIPT });
  return redis as ScriptedRedis;
}
