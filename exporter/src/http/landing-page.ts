import { escapeHtml } from "@gaugelet/shared/html";
import type { Exporter } from "../exporter.ts";
import { VERSION } from "../version.ts";

const LINKS = [
  ["metrics", "Metrics", "the outputs in Redis, and the exporter's own"],
  ["-/healthy", "Health", "whether the process lives"],
  ["-/ready", "Readiness", "whether Redis answers"],
] as const;

/**
 * The page at `/`.
 *
 * @param redisProblem why Redis is away; undefined where it answers.
 */
export function landingPage(exporter: Exporter, redisProblem: string | undefined): string {
  const { configuration, target } = exporter;
  const rows = [
    ["Version", VERSION],
    ["Redis", redisProblem === undefined ? "answers" : `does not answer: ${redisProblem}`],
    ["Outputs that are exported", String(target.store.exported)],
    ["Modules", [...configuration.loaded.keys()].join(", ")],
  ];
  const targets = configuration.targets.map(({ pattern }) => pattern.text);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>Gaugelet exporter</title>
<style>
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 40rem; margin: 3rem auto; padding: 0 1rem; }
dt { font-weight: 600; }
dd { margin: 0 0 0.75rem; }
</style>
</head>
<body>
<h1>Gaugelet exporter</h1>
<p>Turns the outputs of functions, kept in Redis, and other JSON documents into Prometheus metrics.</p>
<dl>
${rows.map(([name, value]) => `<dt>${escapeHtml(name ?? "")}</dt><dd>${escapeHtml(value ?? "")}</dd>`).join("\n")}
</dl>
<ul>
${LINKS.map(([path, name, what]) => `<li><a href="${path}">${name}</a>: ${what}</li>`).join("\n")}
</ul>
${probeForm(targets, [...configuration.loaded.keys()])}
</body>
</html>
`;
}

/** A form that probes; nothing where nothing may be probed. */
function probeForm(targets: readonly string[], modules: readonly string[]): string {
  if (targets.length === 0) return "<p>The configuration allows no targets to be probed.</p>";
  const options = modules.map((name) => `<option>${escapeHtml(name)}</option>`).join("");
  return `<h2>Probe</h2>
<p>Allowed: ${targets.map((target) => `<code>${escapeHtml(target)}</code>`).join(", ")}</p>
<form action="probe">
<p><label>Target <input name="target" required size="40"></label></p>
<p><label>Key or pattern <input name="key"></label></p>
<p><label>Module <select name="module">${options}</select></label></p>
<p><label><input type="checkbox" name="debug" value="true"> explain</label> <button>Probe</button></p>
</form>`;
}
