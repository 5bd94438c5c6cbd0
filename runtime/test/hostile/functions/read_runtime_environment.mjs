import { readFileSync } from "node:fs";
import { Tries } from "./probe.mjs";

export async function handler(input) {
  const tries = new Tries();
  const seen = {};
  for (const name of ["runtime", "zygote", "neighbour"]) {
    const path = `/proc/${input.pids[name]}/environ`;
    seen[name] = await tries.try(`read the ${name}'s environment`, () => readFileSync(path, "latin1"));
  }
  await tries.try("read /etc/shadow", () => void readFileSync("/etc/shadow"));
  return tries.result({ seen });
}
