import { once } from "node:events";
import { createServer } from "node:net";

/**
 * Each process takes its ports from a block of its own, in order, and none twice: a port that was just given
 * is often not listened on yet. The blocks lie below what systems hand out by themselves for connections
 * (32768 and up on Linux), so nothing else takes one in between.
 */
const PORTS_PER_PROCESS = 200;
const PROCESSES = 60;
/** vitest numbers the processes that it runs side by side. */
const PLACE = Number(process.env.VITEST_POOL_ID ?? process.pid) % PROCESSES;
const FIRST_PORT = 20_000 + PLACE * PORTS_PER_PROCESS;

let given = 0;

/** A TCP port on 127.0.0.1 that nothing listens on right now, and that this process was not given before. */
export async function freePort(): Promise<number> {
  while (given < PORTS_PER_PROCESS) {
    const port = FIRST_PORT + given;
    given += 1;
    if (await isFree(port)) return port;
  }
  throw new Error(`no port is left of ${FIRST_PORT} to ${FIRST_PORT + PORTS_PER_PROCESS - 1}`);
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
  } catch {
    return false;
  }
  server.close();
  await once(server, "close");
  return true;
}
