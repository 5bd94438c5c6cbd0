import type { IncomingMessage } from "node:http";

/** The largest event that is taken. */
export const MAX_BODY_BYTES = 16 * 1024 ** 2;

/**
 * Collect a request's body. Neither is called where the client goes away first.
 *
 * @param onTooLarge is called as soon as more than {@link MAX_BODY_BYTES} have come. The rest is read and
 * forgotten, within the server's time limit for a request: a client that is cut off while it sends may
 * never see its answer.
 */
export function readBody(
  request: IncomingMessage,
  onBody: (body: Buffer) => void,
  onTooLarge: () => void,
): void {
  let chunks: Buffer[] = [];
  let length = 0;
  request.on("data", (chunk: Buffer) => {
    const wasTooLarge = length > MAX_BODY_BYTES;
    length += chunk.length;
    if (length <= MAX_BODY_BYTES) chunks.push(chunk);
    else if (!wasTooLarge) {
      chunks = [];
      onTooLarge();
    }
  });
  request.on("end", () => {
    if (length > MAX_BODY_BYTES) return;
    const [first] = chunks;
    onBody(first !== undefined && chunks.length === 1 ? first : Buffer.concat(chunks, length));
  });
}
