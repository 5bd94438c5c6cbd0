// Writes the dashboards' JSON files, which Grafana reads, from the code beside this file.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { dashboards, toJson } from "./dashboards.ts";

const folder = join(import.meta.dirname, "..");
for (const [file, build] of Object.entries(dashboards)) {
  await writeFile(join(folder, file), toJson(build()));
  console.log(`wrote grafana/dashboards/${file}`);
}
