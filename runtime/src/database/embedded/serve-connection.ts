import type { Socket } from "node:net";

const HEAD_BYTES = 5;
/** Of the first message, which has no type. */
const FIRST_HEAD_BYTES = 4;
const TERMINATE = "X".charCodeAt(0);

/**
 * Pass the messages of a PostgreSQL client on, one at a time, and the answers back.
 *
 * Source of the messages' form: https://www.postgresql.org/docs/18/protocol-message-formats.html
 *
 * @param execute what a message is answered with.
 * @returns when the client has ended the connection.
 */
export async function serveConnection(
  socket: Socket,
  execute: (message: Uint8Array) => Promise<Uint8Array>,
): Promise<void> {
  let chunks: Buffer[] = [];
  let available = 0;
  let wanted = 0;
  let isFirst = true;
  for await (const chunk of socket) {
    chunks.push(chunk as Buffer);
    available += (chunk as Buffer).length;
    // Records of runs come many at a time: a message is put together once, when all of it is there.
    if (available < wanted) continue;
    let rest = chunks.length === 1 ? (chunk as Buffer) : Buffer.concat(chunks, available);
    wanted = lengthOf(rest, isFirst);
    for (; wanted <= rest.length; wanted = lengthOf(rest, isFirst)) {
      const message = rest.subarray(0, wanted);
      rest = rest.subarray(wanted);
      if (!isFirst && message[0] === TERMINATE) return;
      isFirst = false;
      const answer = await execute(message);
      // Nobody is left to hear it, nor will the connection say anything more.
      if (socket.destroyed) return;
      if (answer.length > 0 && !socket.write(answer)) await drained(socket);
    }
    chunks = rest.length === 0 ? [] : [rest];
    available = rest.length;
  }
}

/** Bytes of the first message in a buffer; one more than there are where that is not known yet. */
function lengthOf(buffer: Buffer, isFirst: boolean): number {
  if (buffer.length < (isFirst ? FIRST_HEAD_BYTES : HEAD_BYTES)) return buffer.length + 1;
  return isFirst ? buffer.readUInt32BE(0) : 1 + buffer.readUInt32BE(1);
}

function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once("drain", resolve);
    socket.once("close", () => resolve());
  });
}
