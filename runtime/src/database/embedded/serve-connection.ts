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
  let rest: Buffer = Buffer.alloc(0);
  let isFirst = true;
  for await (const chunk of socket) {
    rest = rest.length === 0 ? (chunk as Buffer) : Buffer.concat([rest, chunk as Buffer]);
    for (let length = lengthOf(rest, isFirst); length <= rest.length; length = lengthOf(rest, isFirst)) {
      const message = rest.subarray(0, length);
      rest = rest.subarray(length);
      if (!isFirst && message[0] === TERMINATE) return;
      isFirst = false;
      const answer = await execute(message);
      if (answer.length > 0 && !socket.write(answer)) await drained(socket);
    }
  }
}

/** Bytes of the first message in a buffer; more than any buffer has where that is not known yet. */
function lengthOf(buffer: Buffer, isFirst: boolean): number {
  if (isFirst) return buffer.length < FIRST_HEAD_BYTES ? Number.POSITIVE_INFINITY : buffer.readUInt32BE(0);
  return buffer.length < HEAD_BYTES ? Number.POSITIVE_INFINITY : 1 + buffer.readUInt32BE(1);
}

function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once("drain", resolve);
    socket.once("close", () => resolve());
  });
}
