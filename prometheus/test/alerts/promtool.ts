import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { dump } from "js-yaml";
import { ruleFiles } from "../../src/groups.ts";
import { type Alert, addressOf } from "../../src/rule.ts";
import type { AlertCase } from "./case.ts";

const run = promisify(execFile);
const rules = join(import.meta.dirname, "../../rules");

/** What the links begin with. */
const external = { grafana: "http://grafana", runbooks: "http://runbooks" };

/** Every alert that there is. */
export const alerts: readonly Alert[] = Object.values(ruleFiles)
  .flat()
  .flatMap(({ rules: all }) => all.filter((rule): rule is Alert => "alert" in rule));

/** Run a case: silent until its time has passed, firing with exactly these words, and over afterwards. */
export async function check(rule: Alert, each: AlertCase): Promise<void> {
  const interval = seconds(each.interval ?? "30s");
  const fires = each.breaks + seconds(rule.for) + (each.waits ?? 0);
  const over = each.mends + seconds(rule.keepFiringFor);
  const alertname = each.alert;
  const firing = {
    exp_labels: { ...each.labels, severity: each.severity ?? rule.severity, part: rule.part },
    exp_annotations: {
      summary: rule.summary,
      description: each.description,
      runbook_url: `${external.runbooks}/${alertname}.md`,
      dashboard: link(rule, each),
    },
  };
  const firingSeries = `count(ALERTS{alertname="${alertname}",alertstate="firing",${Object.entries(
    each.labels,
  )
    .map(([name, value]) => `${name}="${value}"`)
    .join(",")}})`;
  const one = [{ labels: "{}", value: 1 }];
  await promtool({
    evaluation_interval: `${interval}s`,
    tests: [
      {
        name: alertname,
        interval: `${interval}s`,
        external_labels: external,
        input_series: Object.entries(each.series).map(([series, values]) => ({ series, values })),
        alert_rule_test: [
          { eval_time: `${each.breaks - interval}s`, alertname, exp_alerts: [] },
          ...(fires > each.breaks ? [{ eval_time: `${fires - interval}s`, alertname, exp_alerts: [] }] : []),
          { eval_time: `${fires}s`, alertname, exp_alerts: [firing] },
          { eval_time: `${over}s`, alertname, exp_alerts: [] },
        ],
        promql_expr_test: [
          { expr: firingSeries, eval_time: `${over - interval}s`, exp_samples: one },
          { expr: firingSeries, eval_time: `${over}s`, exp_samples: [] },
        ],
      },
    ],
  });
}

/** The link that the case expects: it names the panel by its title, and says what is set. */
function link(rule: Alert, { panel: [uid, title, query] }: AlertCase): string {
  const id = /viewPanel=panel-(\d+)/.exec(addressOf({ ...rule.panel, title }))?.[1] ?? "";
  return `${external.grafana}/d/${uid}?viewPanel=panel-${id}${query === undefined ? "" : `&${query}`}`;
}

async function promtool(test: object): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "gaugelet-promtool-"));
  try {
    const file = join(folder, "alert.test.yml");
    const files = Object.keys(ruleFiles).map((name) => join(rules, name));
    await writeFile(file, dump({ rule_files: files, ...test }));
    await run("promtool", ["test", "rules", file]).catch((error: { stdout: string; stderr: string }) => {
      throw new Error(`${error.stdout}\n${error.stderr}`);
    });
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** `90s`, `5m`, `6h` in seconds. */
export function seconds(duration: string): number {
  const factor = { s: 1, m: 60, h: 3600 }[duration.at(-1) as "s" | "m" | "h"];
  return Number.parseInt(duration, 10) * factor;
}
