import { dump } from "js-yaml";
import { type Alert, addressOf, type Group, type Recording } from "./rule.ts";

/** A group as Prometheus reads it. */
export interface RenderedGroup {
  readonly name: string;
  readonly rules: readonly Readonly<Record<string, unknown>>[];
}

export function renderGroup({ name, rules }: Group): RenderedGroup {
  return { name, rules: rules.map((rule) => ("record" in rule ? renderRecording(rule) : renderAlert(rule))) };
}

function renderRecording({ record, expr }: Recording) {
  return { record, expr: tidy(expr) };
}

function renderAlert(rule: Alert) {
  return {
    alert: rule.alert,
    expr: tidy(rule.expr),
    for: rule.for,
    keep_firing_for: rule.keepFiringFor,
    labels: {
      severity: rule.severity === "label" ? "{{ $labels.severity }}" : rule.severity,
      part: rule.part,
    },
    annotations: {
      summary: rule.summary,
      description: rule.description,
      runbook_url: `{{ $externalLabels.runbooks }}/${rule.alert}.md`,
      dashboard: addressOf(rule.panel),
    },
  };
}

/** One line, or where the text has several, these without the space that code indents them by. */
function tidy(expression: string): string {
  const lines = expression.split("\n").filter((line) => line.trim() !== "");
  const indent = Math.min(...lines.map((line) => line.length - line.trimStart().length));
  return lines.map((line) => line.slice(indent).trimEnd()).join("\n");
}

/** YAML under a heading that says where it comes from. */
export function toYaml(value: unknown): string {
  return `# Made by npm run rules from prometheus/src; changes belong there.\n${dump(value, { lineWidth: -1 })}`;
}
