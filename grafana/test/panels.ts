import type { Dashboard, Panel } from "@grafana/grafana-foundation-sdk/dashboard";
import type { Dataquery } from "@grafana/grafana-foundation-sdk/prometheus";

/** The panels of a dashboard, without the headings of its rows. */
export function panelsOf(dashboard: Dashboard): Panel[] {
  return (dashboard.panels ?? []).filter((panel): panel is Panel => panel.type !== "row");
}

/** The PromQL expressions of a panel, with Grafana's variables still in them. */
export function expressionsOf(panel: Panel): string[] {
  return (panel.targets ?? []).map((target) => (target as Dataquery).expr ?? "");
}

/** Put values in place of `$name`, `${name}` and `${name:format}`; an unknown variable is an error. */
export function fillIn(expression: string, values: Readonly<Record<string, string>>): string {
  return expression.replace(/\$\{(\w+)(?::\w+)?\}|\$(\w+)/g, (variable, braced?: string, plain?: string) => {
    const value = values[braced ?? plain ?? ""];
    if (value === undefined) throw new Error(`no such variable: ${variable}`);
    return value;
  });
}
