import type { NewEvent } from "../topics.ts";

/** What one script writes: Redis does nothing else meanwhile. */
const MOST_BYTES = 1024 * 1024;
const MOST_EVENTS = 500;

/** The arguments by which the publishing script is given events, in parts that it does not take long over. */
export function* publishChunks(events: readonly NewEvent[]): Generator<(string | Buffer)[]> {
  let [chunk, count, bytes]: [(string | Buffer)[], number, number] = [[], 0, 0];
  for (const { body, key, headers } of events) {
    if (count > 0 && (count >= MOST_EVENTS || bytes + body.length > MOST_BYTES)) {
      yield chunk;
      [chunk, count, bytes] = [[], 0, 0];
    }
    const hasHeaders = Object.keys(headers).length > 0;
    chunk.push(body, String((key === null ? 0 : 1) + (hasHeaders ? 2 : 0)));
    if (key !== null) chunk.push(key);
    if (hasHeaders) chunk.push(JSON.stringify(headers));
    count += 1;
    bytes += body.length;
  }
  if (count > 0) yield chunk;
}
