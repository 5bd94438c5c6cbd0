import type { MachineLauncher } from "../../src/workers/launch/machine/machine-launcher.ts";
import { pythonEnvironment } from "../../src/workers/launch/python-program.ts";
import type { LaunchSpec } from "../../src/workers/transport.ts";
import { type Call, Worker, type WorkerOptions } from "../../src/workers/worker.ts";

const MIB = 1024 ** 2;

/**
 * A worker in a virtual machine of its own, which has begun its one shard, without the rest of the runtime.
 *
 * @param directory with `usermodule.py`, which has a `handler`.
 * @throws IsolationError, LoadFailedError or WorkerDiedError.
 */
export async function startMachineWorker(
  launcher: MachineLauncher,
  directory: string,
  limits: LaunchSpec["limits"],
): Promise<Worker<Call>> {
  const options: WorkerOptions = {
    launcher: launcher.of({ functionName: "subject", growth: undefined }),
    launch: {
      program: null,
      readOnly: [],
      environment: pythonEnvironment({}),
      isolation: "process",
      network: false,
      limits,
    },
    lines: { line: () => true, dropped: () => {} },
    saysMemoryIsFull: () => false,
    handler: "usermodule.handler",
    redis: { host: "127.0.0.1", port: 6379 },
    limits: { timeout: 30, output: MIB, env: MIB, cpu: limits.cpu },
  };
  const code = { directory, libraries: null, file: null, version: "1", number: null };
  const worker = await Worker.start<Call>(code, options, new AbortController().signal);
  await worker.restore({ shard: 0, name: "", outputKey: "output", keepEnv: false }, undefined);
  return worker;
}
