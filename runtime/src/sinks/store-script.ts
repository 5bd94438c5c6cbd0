/**
 * Everything that one call leaves behind, in one atomic step.
 *
 * Hashes go first: a key of the wrong type fails there, before anything is written. The output is written
 * last, so that whoever sees it finds the rest.
 *
 * KEYS: outputs, position, env, output. ARGV: output, entry, source, position, whether there is an env, env.
 */
export const STORE_SCRIPT = `
redis.call('HSET', KEYS[1], KEYS[4], ARGV[2])
redis.call('HSET', KEYS[2], ARGV[3], ARGV[4])
if ARGV[5] == '1' then redis.call('SET', KEYS[3], ARGV[6]) end
redis.call('SET', KEYS[4], ARGV[1])
return 1
`;
