// Writes the rules, and the objects for Kubernetes, from the code beside this file and that of the dashboards.
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { generatedFiles } from "./files.ts";

const root = join(import.meta.dirname, "../..");
for (const [file, text] of Object.entries(generatedFiles())) {
  await mkdir(dirname(join(root, file)), { recursive: true });
  await writeFile(join(root, file), text);
  console.log(`wrote ${file}`);
}
