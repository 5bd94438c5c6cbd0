import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { Agent, type IncomingMessage, request } from "node:http";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type BenchRow, quantile, row } from "@gaugelet/testing/bench";
import { waitFor } from "@gaugelet/testing/wait";
import { HANDLER_FOLDER } from "./floor.ts";
import { answers } from "./http-servers.ts";
import { referenceEvents } from "./reference/events.ts";
import { inRounds, median } from "./rounds.ts";

const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
const ROUNDS = 3;
const SECONDS = 3;
const MEMORY = "128Mi";
const LEAK = `kept = []
def handler(input, context):
    kept.append(b"x" * 4194304)
    return {"kept": len(kept)}
`;

/**
 * What a function notices of another one that leaks memory and is ended at its limit, again and again: the
 * time of its calls over HTTP, one after the other, against that beside the same function at rest.
 *
 * @param environment what the runtime is told, but for its functions.
 */
export async function benchNeighbour(
  environment: Readonly<Record<string, string>>,
  folder: string,
): Promise<BenchRow[]> {
  const runtime = spawn(process.execPath, [MAIN], {
    env: { PATH: process.env.PATH, ...environment, GAUGELET_CONFIG: await configure(folder) },
    stdio: ["ignore", "ignore", "ignore"],
  });
  const urlOf = (name: string): string =>
    `http://127.0.0.1:${environment.GAUGELET_RUNTIME_PORT}/functions/${name}`;
  try {
    await waitFor("an answer of the neighbour", () => answers(urlOf("neighbour")));
    let ends = 0;
    const measured = await inRounds(ROUNDS, {
      alone: () => milliseconds(urlOf("neighbour")),
      beside: async () => {
        const leak = leakOnAndOn(urlOf("leak"));
        const times = await milliseconds(urlOf("neighbour"));
        ends += await leak.stop();
        return times;
      },
    });
    const time = (name: keyof typeof measured, share: number): number =>
      median(measured[name], (times) => quantile(times, share));
    return [
      row("neighbour of a leak: times it was ended at its limit", ends, "", { atLeast: ROUNDS }),
      row("neighbour of a leak: HTTP p99 before", time("alone", 0.99), "ms"),
      row("neighbour of a leak: HTTP p99 meanwhile", time("beside", 0.99), "ms"),
      row("neighbour of a leak: p99 against before", time("beside", 0.99) / time("alone", 0.99), "×", {
        atMost: 2,
      }),
    ];
  } finally {
    const exit = once(runtime, "exit");
    runtime.kill("SIGTERM");
    await exit;
  }
}

async function configure(folder: string): Promise<string> {
  const source = join(folder, "leak");
  await mkdir(source, { recursive: true });
  await writeFile(join(source, "handler.py"), LEAK);
  const common = { handler: "handler.handler", triggers: [{ http: true }] };
  const file = join(folder, "neighbour.yaml");
  const functions = [
    { name: "neighbour", source: HANDLER_FOLDER, ...common },
    { name: "leak", source, state: "none", limits: { memory: MEMORY }, workers: { max: 1 }, ...common },
  ];
  await writeFile(file, JSON.stringify({ functions }));
  return file;
}

/** The time of each call, one after the other. @throws Error where one fails. */
async function milliseconds(url: string): Promise<number[]> {
  const agent = new Agent({ keepAlive: true });
  const [event] = (await referenceEvents()) as [Buffer];
  const times: number[] = [];
  const end = performance.now() + SECONDS * 1000;
  for (let now = performance.now(); now < end; ) {
    const { status } = await post(url, event, agent);
    if (status !== 200) throw new Error(`the neighbour answered ${status}`);
    const after = performance.now();
    times.push(after - now);
    now = after;
  }
  agent.destroy();
  return times;
}

/** Leaks, one call after the other. @returns what stops it: how often it had to begin anew. */
function leakOnAndOn(url: string): { readonly stop: () => Promise<number> } {
  const agent = new Agent({ keepAlive: true });
  let isOver = false;
  let ends = 0;
  const calls = (async (): Promise<void> => {
    let before = 0;
    while (!isOver) {
      const { status, text } = await post(url, Buffer.from("{}"), agent);
      const kept = status === 200 ? (JSON.parse(text) as { kept: number }).kept : 0;
      if (kept < before) ends += 1;
      before = kept;
    }
    agent.destroy();
  })();
  return {
    async stop() {
      isOver = true;
      await calls;
      return ends;
    },
  };
}

async function post(url: string, body: Buffer, agent: Agent): Promise<{ status: number; text: string }> {
  const sent = request(url, { method: "POST", agent, headers: { "content-length": body.length } });
  sent.end(body);
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  const chunks: Buffer[] = await response.toArray();
  return { status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() };
}
