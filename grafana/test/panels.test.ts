import type { Panel, VariableModel } from "@grafana/grafana-foundation-sdk/dashboard";
import type { Dataquery } from "@grafana/grafana-foundation-sdk/prometheus";
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

  it.each(panels)(
    "%s asks the chosen data source, jobs and instances, and names its series",
    (_title, panel) => {
      expect(panel.datasource?.uid).toBe("$datasource");
      for (const target of panel.targets ?? []) {
        const { datasource, legendFormat } = target as Dataquery & { datasource?: { uid?: string } };
        expect(datasource?.uid).toBe("$datasource");
        expect(legendFormat ?? "").not.toBe("");
      }
      for (const expression of expressionsOf(panel)) {
        const selectors = expression.match(/[a-zA-Z_:][\w:]*\{[^}]*\}/g) ?? [];
        expect(selectors.length, expression).toBeGreaterThan(0);
        for (const selector of selectors) {
          expect(selector).toContain('job=~"$job"');
          // What is recorded, and alerts, are about all instances.
          if (!/^(\w+:|ALERTS)/.test(selector)) expect(selector).toContain('instance=~"$instance"');
        }
      }
    },
  );

  it.each(panels)("%s takes rates over the interval that Grafana computes", (_title, panel) => {
    for (const expression of expressionsOf(panel)) {
      for (const [range] of expression.matchAll(/\[[^\]]+\]/g)) expect(range).toBe("[$__rate_interval]");
    }
  });

  it.each(panels.filter(([, { type, options }]) => type === "stat" && isWithoutGraph(options)))(
    "%s asks for now alone, as the last value of the time range can be an old one",
    (_title, panel) => {
      for (const target of panel.targets ?? []) {
        const { instant, range } = target as Dataquery;
        expect({ instant, range }).toEqual({ instant: true, range: false });
      }
    },
  );

  it.each(panels.filter(([, panel]) => panel.type === "timeseries" && hasLineInRatios(panel)))(
    "%s goes so far up that its threshold is to be seen",
    (_title, panel) => {
      const { max, custom } = panel.fieldConfig?.defaults ?? {};
      expect(max ?? (custom as { axisSoftMax?: number }).axisSoftMax).toBe(1);
    },
  );

  it.each(panels.filter(([, panel]) => panel.type === "stat"))(
    "%s has a history from 0 on",
    (_title, panel) => {
      expect(panel.fieldConfig?.defaults?.min).toBe(0);
    },
  );

  it.each(panels.filter(([, panel]) => panel.type === "heatmap"))(
    "%s has values up its axis, and counts per second as colours",
    (_title, panel) => {
      const { yAxis, cellValues } = panel.options as { yAxis: object; cellValues: object };
      expect(yAxis).toMatchObject({ unit: "s" });
      expect(cellValues).toMatchObject({ unit: "reqps" });
      expect(panel.fieldConfig?.defaults?.unit).toBe("reqps");
    },
  );

  it.each(panels.filter(([, panel]) => panel.type === "timeseries"))("%s has a legend", (_title, panel) => {
    expect((panel.options as { legend?: { showLegend?: boolean } }).legend?.showLegend).toBe(true);
  });

  it("has no two panels of one title, as alerts link to panels by their titles", () => {
    const titles = panels.map(([title]) => title);
    expect(titles).toEqual([...new Set(titles)]);
  });

  it("has a uid, the common tag, and links to the others that keep what is chosen", () => {
    expect(dashboard.uid).toMatch(/^gaugelet-[a-z]+$/);
    expect(dashboard.tags).toEqual(["gaugelet"]);
    expect(dashboard.links).toMatchObject([
      { type: "dashboards", tags: ["gaugelet"], includeVars: true, keepTime: true },
    ]);
  });

  it("lets the data source, jobs and instances be chosen first", () => {
    const names = (dashboard.templating.list ?? []).map(({ name }) => name);
    expect(names.slice(0, 3)).toEqual(["datasource", "job", "instance"]);
    for (const { name, definition } of (dashboard.templating.list ?? []).slice(1)) {
      if (name === "job") continue;
      expect(definition, name).toContain('job=~"$job"');
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

/** Of a stat: whether it is the value alone, without how it came to be. */
function isWithoutGraph(options: unknown): boolean {
  return (options as { graphMode?: string }).graphMode === "none";
}

/** Whether a panel draws a threshold as a line among ratios. */
function hasLineInRatios({ fieldConfig }: Panel): boolean {
  const { unit, custom } = fieldConfig?.defaults ?? {};
  const style = (custom as { thresholdsStyle?: { mode?: string } } | undefined)?.thresholdsStyle;
  return unit === "percentunit" && style?.mode === "dashed";
}
