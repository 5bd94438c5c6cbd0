import { Tries } from "./probe.mjs";

/** SIGUSR1 would open a debugger in the runtime; signal 0 asks for the right to send any. */
export async function handler({ pids }) {
  const tries = new Tries();
  for (const [name, pid] of Object.entries(pids)) {
    await tries.try(`signal the ${name}`, () => process.kill(pid, 0));
  }
  await tries.try("change its user", () => void process.setuid(0));
  return tries.result();
}
