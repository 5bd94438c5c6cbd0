import { pino } from "pino";
import { expect, test } from "vitest";
import { MachineGrowth } from "../../src/workers/launch/machine/machine-growth.ts";
import type { MachinePurpose } from "../../src/workers/launch/machine/running-machine.ts";
import { type MachineSize, sizeFor } from "../../src/workers/launch/machine/sizes.ts";

const GIB = 1024 ** 3;
const PURPOSE: MachinePurpose = {
  functionName: "grows",
  growth: { utilization: 0.8, for: 0, mostDoublings: 4 },
};
const limitsOf = (memory: number) => ({ memory, cpu: null, openFiles: null, processes: null, disk: null });

/** A growth, whose log is in `messages`, and what looks at a full machine. */
function started(prepare: (size: MachineSize) => Promise<unknown>) {
  const messages: string[] = [];
  const growth = new MachineGrowth(
    prepare,
    pino({ level: "info" }, { write: (line: string) => void messages.push(line) }),
  );
  const fill = async (memory: number): Promise<void> => {
    const next = growth.sizeOf(PURPOSE, limitsOf(memory), 0);
    if (next === undefined) throw new Error("no machine is that large");
    const { size, grown } = next;
    await growth.look({ functionName: "grows", name: "machine-1", size, isToGrow: (now) => now === grown });
  };
  return { growth, messages, fill };
}

test("a full machine makes the next one twice as large", async () => {
  const { growth, fill, messages } = started(async () => {});
  await fill(GIB);
  const size = sizeFor(limitsOf(GIB), 0, 1);
  expect(growth.sizeOf(PURPOSE, limitsOf(GIB), 0)).toEqual({ size, grown: 1 });
  expect(messages.join("")).toContain("the function's next ones have 4.0 GiB and 2 processors");
});

test("limits that were raised after it grew are no reason to refuse it", async () => {
  const { growth, fill } = started(async () => {});
  for (let times = 0; times < 3; times += 1) await fill(GIB);
  expect(growth.sizeOf(PURPOSE, limitsOf(GIB), 0)?.size.memoryBytes).toBe(16 * GIB);
  const size = { memoryBytes: 16 * GIB, processors: 2 };
  expect(growth.sizeOf(PURPOSE, limitsOf(6 * GIB), 0)).toEqual({ size, grown: 1 });
  expect(growth.sizeOf(PURPOSE, limitsOf(16 * GIB), 0)).toBeUndefined();
});

test("a manifest that says no more that machines grow gives those that its limits take", async () => {
  const { growth, fill } = started(async () => {});
  await fill(GIB);
  const size = sizeFor(limitsOf(GIB), 0);
  expect(growth.sizeOf({ functionName: "grows", growth: undefined }, limitsOf(GIB), 0)).toEqual({
    size,
    grown: 0,
  });
});

test("where none of twice the size boots, the next one is as large as before, and that is said once", async () => {
  let tries = 0;
  const { growth, fill, messages } = started(async () => {
    tries += 1;
    throw new Error("no virtual machine boots here");
  });
  await fill(GIB);
  await fill(GIB);
  expect(growth.sizeOf(PURPOSE, limitsOf(GIB), 0)?.grown).toBe(0);
  expect(tries).toBe(1);
  expect(messages).toHaveLength(1);
  expect(messages[0]).toContain("the function's next ones are no larger: no virtual machine boots here");
});
