import type { Readable } from "node:stream";
import { ApiProblem } from "./problems.ts";

/**
 * Read a body whole.
 *
 * The rest of one that is too long is read and forgotten, within the server's time limit for a request: a client that
 * is cut off while it sends may never see its answer.
 *
 * @throws ApiProblem where it is longer than `most` bytes, as soon as that is known, or the client has gone.
 */
export async function readBytes(stream: Readable, most: number): Promise<Buffer> {
  return await new Promise((resolve, reject) => {
    let chunks: Buffer[] = [];
    let length = 0;
    stream.on("data", (chunk: Buffer) => {
      length += chunk.length;
      if (length <= most) chunks.push(chunk);
      else {
        chunks = [];
        reject(tooLarge(most));
      }
    });
    stream.on("end", () => resolve(Buffer.concat(chunks, Math.min(length, most))));
    stream.on("error", () => reject(new ApiProblem("invalid-request", "body: it ended before its end")));
  });
}

/** What answers a body that is longer than `most` bytes. */
export function tooLarge(most: number): ApiProblem {
  return new ApiProblem("too-large", `body: expected at most ${most} bytes`);
}
