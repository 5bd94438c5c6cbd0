import { spawn } from "node:child_process";
import { once } from "node:events";

export async function handler() {
  for (;;) {
    const child = spawn("/bin/sleep", ["60"], { detached: true, stdio: "ignore" });
    await once(child, "spawn");
    child.unref();
  }
}
