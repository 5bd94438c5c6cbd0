import { waitFor } from "@gaugelet/testing/wait";
import { expect, test } from "vitest";
import { calling } from "../api/functions.ts";
import { useApi } from "../api/use-api.ts";
import { MACHINES_FOLDER, whyNoMachines } from "./machines.ts";

const api = useApi("embedded");
const HANDLER = `
import os, time
def handler(input, context):
    if input.get("wait"): time.sleep(input["wait"])
    context.env["calls"] = context.env.get("calls", 0) + 1
    return {"calls": context.env["calls"], "kernel": os.uname().release}
`;

test.skipIf(whyNoMachines !== undefined)(
  "an uploaded function with isolation: microvm runs in a machine that can be seen, and is billed",
  async () => {
    const started = await api.start({ GAUGELET_MICROVM_DIR: MACHINES_FOLDER, GAUGELET_PRELOAD: "" });
    const { ask, runtime } = started;
    const call = calling(started);
    const made = await ask("POST", "/functions", {
      name: "walled",
      manifest: { handler: "handler.handler", isolation: "microvm", triggers: [{ http: true }] },
      files: { "handler.py": HANDLER },
    });
    expect(made.status).toBe(201);
    const answer = await call("walled", {});
    expect(answer).toMatchObject({
      status: 200,
      body: { calls: 1, kernel: expect.stringMatching(/-cloud-amd64$/) },
    });

    const { body } = await ask("GET", "/workers");
    const view = body.items.find((each: { function: string }) => each.function === "walled");
    expect(view).toMatchObject({
      isolation: "microvm",
      workers: [{ startMethod: "restore", machine: { name: /^machine-/, processors: 1 } }].map((worker) => ({
        ...worker,
        machine: { ...worker.machine, name: expect.stringMatching(worker.machine.name) },
      })),
    });
    const metrics = await waitFor("what the machine uses", async () => {
      const text = await (await fetch(`http://127.0.0.1:${runtime.ports.management}/metrics`)).text();
      return /gaugelet_machine_memory_bytes\{function="walled",machine="machine-\d+"\} \d+/.test(text)
        ? text
        : undefined;
    });
    expect(metrics).toMatch(/gaugelet_machine_up\{function="walled",machine="machine-\d+"\} 1/);

    // Its QEMU is killed during a call: the call is handled by the next machine, with the env that was saved.
    const late = call("walled", { wait: 1 });
    const [{ pid }] = view.workers;
    await waitFor("the call to be under way", async () => {
      const { body: now } = await ask("GET", "/workers");
      return now.items.some(
        (each: { workers: { callsInFlight: number }[] }) => each.workers[0]?.callsInFlight === 1,
      );
    });
    process.kill(pid, "SIGKILL");
    expect(await late).toMatchObject({ status: 200, body: { calls: 2 } });

    const day = new Date().toISOString().slice(0, 10);
    await waitFor("the bill", async () => {
      const { body: usage } = await ask("GET", `/usage?from=${day}&to=${day}&group=function`);
      const item = usage.items?.find((each: { function: string }) => each.function === "walled");
      return item !== undefined && item.runs >= 2 && Number(item.billedSeconds) > 0;
    });
  },
);
