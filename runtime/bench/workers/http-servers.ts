import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { freePort } from "@gaugelet/testing/ports";
import { waitFor } from "@gaugelet/testing/wait";
import { Child } from "../../../stack/src/child.ts";
import { TOOLS_FOLDER } from "../../../stack/src/root.ts";
import { HANDLER_FOLDER } from "./floor.ts";
import { referenceEvents } from "./reference/events.ts";

/** A server that answers a POST of an event with the handler's output. */
export interface HttpServer {
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** The floor: Node's own HTTP server in front of one Python loop. */
export async function startBareServer(python: string): Promise<HttpServer> {
  const port = await freePort();
  const program = join(import.meta.dirname, "floor/http-server.mjs");
  const environment = { PATH: process.env.PATH, GAUGELET_PYTHON: python, HANDLER_FOLDER, PORT: String(port) };
  return await start("bare-server", { command: process.execPath, args: [program], environment }, port);
}

/**
 * The peer: functions-framework with its production server as it comes, gunicorn with one worker process and
 * four threads for each CPU.
 *
 * @param python of the environment that it is installed in.
 */
export async function startPeer(python: string): Promise<HttpServer> {
  const port = await freePort();
  const command = join(dirname(python), "functions-framework");
  const source = join(import.meta.dirname, "peer/main.py");
  const args = ["--target", "call", "--source", source, "--host", "127.0.0.1", "--port", String(port)];
  return await start(
    "peer",
    { command, args, environment: { PATH: process.env.PATH, HANDLER_FOLDER } },
    port,
  );
}

async function start(
  name: string,
  command: Parameters<typeof Child.start>[0],
  port: number,
): Promise<HttpServer> {
  const log = join(TOOLS_FOLDER, "logs", `bench-${name}.log`);
  await mkdir(dirname(log), { recursive: true });
  const child = await Child.start(command, log);
  const url = `http://127.0.0.1:${port}/`;
  try {
    await waitFor(`an answer of the ${name} (its log: ${log})`, () => answers(url));
  } catch (error) {
    child.kill();
    throw error;
  }
  return { url, pid: child.pid, stop: async () => void (await child.stop(2_000)) };
}

/** One look at whether a server answers the reference event as the handler does: with six numbers. */
export async function answers(url: string): Promise<boolean> {
  const body = new Uint8Array((await referenceEvents())[0] as Buffer);
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
  });
  const output = (await response.json()) as Record<string, unknown>;
  return response.ok && Object.values(output).filter((value) => typeof value === "number").length === 6;
}
