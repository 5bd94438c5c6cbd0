import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Machine } from "./machine.ts";

/**
 * The state of a machine's devices, after which it stands still; its memory is in its file.
 *
 * @param shared the folder that the machine has as /shared.
 * @throws Error where it cannot be had.
 */
export async function stateOf(machine: Machine, shared: string): Promise<Buffer> {
  const path = join(shared, "state");
  const server = createServer();
  server.listen(path);
  await once(server, "listening");
  try {
    const chunks: Buffer[] = [];
    const received = new Promise<void>((resolve, reject) => {
      server.on("connection", (socket) => {
        socket.on("data", (chunk: Buffer) => chunks.push(chunk));
        socket.on("end", resolve);
        socket.on("error", reject);
      });
    });
    const capabilities = [{ capability: "x-ignore-shared", state: true }];
    await machine.monitor.ask("migrate-set-capabilities", { capabilities });
    // Not stopped before: one that is restored goes on as this one did.
    await machine.monitor.ask("migrate", { uri: "unix:/shared/state" });
    const ended = machine.ended.then((reason) => {
      throw new Error(reason);
    });
    ended.catch(() => {});
    await Promise.race([received, ended]);
    for (;;) {
      const { status } = (await machine.monitor.ask("query-migrate")) as { readonly status?: string };
      if (status === "completed") return Buffer.concat(chunks);
      if (status === "failed" || status === "cancelled") throw new Error("its state could not be saved");
      await sleep(20);
    }
  } finally {
    server.close();
  }
}
