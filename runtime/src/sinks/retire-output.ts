import { OUTPUTS_KEY } from "@gaugelet/shared/keys";
import type { Redis } from "ioredis";

/**
 * KEYS: outputs. ARGV: output key, function.
 *
 * What another function has stored there by now is its own.
 */
const RETIRE_SCRIPT = `
local read, entry = pcall(cjson.decode, redis.call('HGET', KEYS[1], ARGV[1]) or '')
if not read or type(entry) ~= 'table' or entry['function'] ~= ARGV[2] then return 0 end
entry.left = true
redis.call('HSET', KEYS[1], ARGV[1], cjson.encode(entry))
return 1
`;

/**
 * Have readers take an output for none that a function stored at a key which is its own no more: of two outputs of one
 * function one is exported, and that would be the old one for ever where it is never stale. It stays, with whose it is,
 * for a function that goes back.
 */
export async function retireOutput(redis: Redis, name: string, outputKey: string): Promise<void> {
  await redis.eval(RETIRE_SCRIPT, 1, OUTPUTS_KEY, outputKey, name);
}
