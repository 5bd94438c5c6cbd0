// The floor: raw bytes to one Python loop and back, over a socket pair.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const LOOP = fileURLToPath(new URL("loop.py", import.meta.url));

/**
 * Start the loop with a folder's handler.py.
 *
 * @returns a function that sends one event; `answered` is called with the output's bytes. Answers come in order.
 */
export function openPipe(folder) {
  const child = spawn(process.env.GAUGELET_PYTHON, [LOOP, folder], {
    stdio: ["ignore", "inherit", "inherit", "pipe"],
  });
  const pipe = child.stdio[3];
  const waiting = [];
  let rest = Buffer.alloc(0);
  let first = 0;
  pipe.on("data", (chunk) => {
    const data = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let start = 0;
    pipe.cork();
    while (start + 4 <= data.length) {
      const end = start + 4 + data.readUInt32BE(start);
      if (end > data.length) break;
      const answered = waiting[first++];
      answered(data.subarray(start + 4, end));
      start = end;
    }
    pipe.uncork();
    rest = data.subarray(start);
    if (first > 4096) {
      waiting.splice(0, first);
      first = 0;
    }
  });
  return (event, answered) => {
    waiting.push(answered);
    const length = Buffer.allocUnsafe(4);
    length.writeUInt32BE(event.length);
    pipe.cork();
    pipe.write(length);
    pipe.write(event);
    pipe.uncork();
  };
}
