import { waitFor } from "@gaugelet/testing/wait";
import { expect, test } from "vitest";
import { outputOf, startFunctions } from "../integration/functions.ts";
import { useRuntime } from "../integration/harness.ts";
import { MACHINES_FOLDER, whyNoMachines } from "./machines.ts";

const runtime = useRuntime();
/** Two machines boot, each tried with the processor's own support first, while other tests use the processors. */
const TEST_MILLISECONDS = 600_000;

/** Keeps so many megabytes, and says what its machine has. */
const CODE = `import os
kept = []
def handler(input, context):
    if input.get("end"): os._exit(1)
    kept.append(bytearray(input["megabytes"] * 1024**2))
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {"processors": os.cpu_count(), "usable": len(os.sched_getaffinity(0)), "memory": pages / 1024**2}
`;

test.skipIf(whyNoMachines !== undefined)(
  "with grow: size, a machine that is full makes the next one twice as large, which holds what the first could not",
  async () => {
    const started = await startFunctions(
      runtime,
      [
        {
          name: "grows",
          code: CODE,
          isolation: "microvm",
          state: "none",
          limits: { memory: "300Mi", disk: "1Mi", timeout: "60s" },
          workers: { min: 1, max: 1, grow: "size", scaleUp: { utilization: 0.5, for: "1s" } },
        },
      ],
      { GAUGELET_MICROVM_DIR: MACHINES_FOLDER },
    );
    const small = outputOf(await started.call("grows", { megabytes: 200 }));
    expect(small).toMatchObject({ processors: 1, usable: 1 });
    // Of 512 MiB the kernel keeps some to itself.
    expect(Math.round(Number(small.memory) / 512)).toBe(1);
    expect((await started.call("grows", { megabytes: 200 })).outcome).not.toBe("ok");
    outputOf(await started.call("grows", { megabytes: 200 }));

    const said =
      "a virtual machine of 512.0 MiB is full: the function's next ones have 1.0 GiB and 2 processors";
    // Once one of that size has booted, after it was tried with the processor's own support.
    await waitFor(said, () => started.log.some(({ msg }) => msg === said), 400);
    expect((await started.call("grows", { end: true })).outcome).toBe("killed");
    const large = outputOf(await started.call("grows", { megabytes: 400 }));
    expect(large).toMatchObject({ processors: 2, usable: 2 });
    expect(Math.round(Number(large.memory) / 512)).toBe(2);
  },
  TEST_MILLISECONDS,
);
