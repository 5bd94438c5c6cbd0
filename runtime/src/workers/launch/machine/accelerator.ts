import { constants } from "node:fs";
import { access } from "node:fs/promises";
import type { Accelerator } from "./settings.ts";

/** Those to try, the best first. Whether one works is known when a machine has booted with it. */
export async function candidates(): Promise<Accelerator[]> {
  const hasKvm = await access("/dev/kvm", constants.R_OK | constants.W_OK).then(
    () => true,
    () => false,
  );
  return hasKvm ? ["kvm", "tcg"] : ["tcg"];
}
