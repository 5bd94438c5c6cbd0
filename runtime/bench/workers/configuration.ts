import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { HANDLER_FOLDER } from "./floor.ts";
import { SCIENTIFIC_FOLDER } from "./spawn.ts";

/** With every limit on: those that no function has unless it says so are wide enough for these. */
const LIMITS = { cpu: "10s" };

/**
 * Write a `gaugelet.yaml` with the reference handler once at each isolation, named `process` and `sandbox`, and
 * the handler with pandas likewise, `scientific-process` and `scientific-sandbox`, which has no worker until it
 * is called.
 */
export async function writeConfiguration(folder: string): Promise<string> {
  const file = join(folder, "gaugelet.yaml");
  const functions = (["process", "sandbox"] as const).flatMap((isolation) => [
    { name: isolation, isolation, source: HANDLER_FOLDER, ...common() },
    {
      name: `scientific-${isolation}`,
      isolation,
      source: SCIENTIFIC_FOLDER,
      ...common(),
      workers: { min: 0 },
    },
  ]);
  await writeFile(file, JSON.stringify({ functions }));
  return file;
}

function common(): object {
  return { handler: "handler.handler", triggers: [{ http: true }], limits: LIMITS };
}
