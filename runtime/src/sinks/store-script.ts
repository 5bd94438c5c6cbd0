/**
 * Everything that some calls leave behind, in one atomic step.
 *
 * Hashes go first: a key of the wrong type fails there, before anything is written. The output is written
 * last, so that whoever sees it finds the rest.
 *
 * KEYS: outputs, position, env, output, then one per answer that is kept.
 * ARGV: output, entry, whether there is an env, env, how long answers are kept in milliseconds, number of
 * positions, then source and position of each, then the answers.
 */
export const STORE_SCRIPT = `
redis.call('HSET', KEYS[1], KEYS[4], ARGV[2])
local positions = tonumber(ARGV[6])
for index = 1, positions do
  redis.call('HSET', KEYS[2], ARGV[5 + 2 * index], ARGV[6 + 2 * index])
end
if ARGV[3] == '1' then redis.call('SET', KEYS[3], ARGV[4]) end
for index = 5, #KEYS do
  redis.call('SET', KEYS[index], ARGV[2 + 2 * positions + index], 'PX', ARGV[5])
end
redis.call('SET', KEYS[4], ARGV[1])
return 1
`;

/**
 * Put an event that failed for good aside, and count it as handled, in one step.
 *
 * KEYS: position, dead letters. ARGV: greatest number of dead letters, source, whether there is a position,
 * position, then names and values of the entry.
 */
export const DEAD_LETTER_SCRIPT = `
local entry = {}
for index = 5, #ARGV do entry[index - 4] = ARGV[index] end
redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[1], '*', unpack(entry))
if ARGV[3] == '1' then redis.call('HSET', KEYS[1], ARGV[2], ARGV[4]) end
return 1
`;
