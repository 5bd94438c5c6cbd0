import type { Dashboard, Panel } from "@grafana/grafana-foundation-sdk/dashboard";

/** A series that Prometheus computes at each evaluation. Names follow level:metric:operations. */
export interface Recording {
  readonly record: string;
  readonly expr: string;
}

/** Whom an alert wakes: `critical` at once, `warning` soon, `info` during working hours. */
export type Severity = "critical" | "warning" | "info";

/** What an alert is about. A dead part silences the alerts about the parts that need it. */
export type Part = "host" | "function" | "output" | "worker" | "redis" | "target" | "monitoring";

/** An alert: what is wrong, and where a person who is woken by it looks next. */
export interface Alert {
  /** Also the name of its page in docs/runbooks. */
  readonly alert: string;
  /** PromQL. Its value is what the description tells. */
  readonly expr: string;
  /** How long it has to be true before it fires. */
  readonly for: string;
  /** How long it goes on firing after that, so that it does not come and go. */
  readonly keepFiringFor: string;
  /** `label`: the series' own label `severity` decides. */
  readonly severity: Severity | "label";
  readonly part: Part;
  /** The same for all alerts of this name. */
  readonly summary: string;
  /** A template with the labels and the value. */
  readonly description: string;
  readonly panel: PanelLink;
}

/** A panel that shows what an alert is about. */
export interface PanelLink {
  readonly dashboard: () => Dashboard;
  readonly title: string;
  /** Variables of the dashboard that are set to labels of the alert, by their names. */
  readonly variables: readonly string[];
}

/** Rules that are evaluated one after the other. */
export interface Group {
  readonly name: string;
  readonly rules: readonly (Recording | Alert)[];
}

/**
 * The address of a panel, a template below the external label that says where Grafana is.
 *
 * @throws Error where the dashboard has no such panel.
 */
export function addressOf({ dashboard, title, variables }: PanelLink): string {
  const built = dashboard();
  const panel = (built.panels ?? []).find(
    (each): each is Panel => each.type !== "row" && each.title === title,
  );
  if (panel?.id === undefined) throw new Error(`${built.title}: there is no panel ${title}`);
  const query = [
    `viewPanel=panel-${panel.id}`,
    ...variables.map((name) => `var-${name}={{ $labels.${name} | urlquery }}`),
  ];
  return `{{ $externalLabels.grafana }}/d/${built.uid}?${query.join("&")}`;
}
