import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { dashboards, toJson } from "../dashboards/src/dashboards.ts";

const folder = join(import.meta.dirname, "../dashboards");

describe("the dashboards' JSON files", () => {
  it.each(Object.entries(dashboards))(
    "%s is what the code makes; npm run dashboards renews it",
    async (file, build) => {
      expect(await readFile(join(folder, file), "utf8")).toBe(toJson(build()));
    },
  );

  it("are the only JSON below their folder, as Grafana takes every one for a dashboard", async () => {
    const entries = await readdir(folder, { recursive: true });
    expect(entries.filter((entry) => entry.endsWith(".json")).sort()).toEqual(Object.keys(dashboards).sort());
  });
});
