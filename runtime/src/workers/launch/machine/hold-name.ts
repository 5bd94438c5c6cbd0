import { once } from "node:events";
import { createServer, type Server } from "node:net";

/**
 * Hold a name that one process of the machine has at a time: an abstract socket, which is gone with its process.
 *
 * @returns what gives the name back when it is closed; undefined where another has it.
 */
export async function holdName(name: string): Promise<Server | undefined> {
  const server = createServer((socket) => socket.destroy());
  server.unref();
  server.listen(`\0${name}`);
  try {
    await once(server, "listening");
    return server;
  } catch {
    return undefined;
  }
}
