import type { Panel, VariableModel } from "@grafana/grafana-foundation-sdk/dashboard";
import { describe, expect, it } from "vitest";
import { dashboards } from "../dashboards/src/dashboards.ts";
import { expressionsOf, panelsOf } from "./panels.ts";

describe.each(Object.entries(dashboards))("%s", (_file, build) => {
  const dashboard = build();
  const panels = panelsOf(dashboard).map((panel): [string, Panel] => [panel.title ?? "", panel]);

  it.each(panels)("%s says what it shows, and in which unit", (_title, panel) => {
    expect(panel.title).not.toBe("");
    expect(panel.description ?? "").not.toBe("");
    expect(panel.fieldConfig?.defaults?.unit ?? "").not.toBe("");
  });

  it.each(panels)("%s has queries of its own names, at the interval of the data", (_title, panel) => {
    const names = (panel.targets ?? []).map((target) => (target as { refId?: string }).refId);
    expect(names.length).toBeGreaterThan(0);
    expect(new Set(names).size).toBe(names.length);
    expect(names).not.toContain(undefined);
    expect(panel.interval).toBe("5s");
  });

  it.each(panels)("%s shows counters as rates", (_title, panel) => {
    for (const expression of expressionsOf(panel).filter((text) => /_total\b/.test(text))) {
      expect(expression).toMatch(/rate\(\w+_total\{[^}]*\}\[\$__rate_interval\]\)/);
    }
  });

  it("lays panels side by side without overlap, inside the grid", () => {
    const taken = new Set<string>();
    for (const { title, gridPos } of panelsOf(dashboard)) {
      if (gridPos === undefined) throw new Error(`${title} has no place`);
      expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect(taken, title).not.toContain(`${x},${y}`);
          taken.add(`${x},${y}`);
        }
      }
    }
  });

  it("asks for its variables' values anew when the time range changes", () => {
    const queried = (dashboard.templating.list ?? []).filter(
      (variable: VariableModel) => variable.type === "query",
    );
    expect(queried.length).toBeGreaterThan(0);
    for (const variable of queried) expect(variable.refresh, variable.name).toBe(2);
  });
});
