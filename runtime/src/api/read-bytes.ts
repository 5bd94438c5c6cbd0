import type { Readable } from "node:stream";
import { ApiProblem } from "./problems.ts";

/**
 * Read a body whole.
 *
 * @throws ApiProblem where it is longer than `most` bytes, as soon as that is known.
 */
export async function readBytes(stream: Readable, most: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stream) {
    length += (chunk as Buffer).length;
    if (length > most)
      throw new ApiProblem("too-large", `body: expected at most ${most} bytes`, {}, { connection: "close" });
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks, length);
}
