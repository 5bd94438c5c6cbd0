import { escapeHtml } from "@gaugelet/shared/html";
import type { Exporter } from "../exporter.ts";
import type { Problem } from "../problem-log.ts";
import { VERSION } from "../version.ts";

const LINKS = [
  ["metrics", "Metrics", "the outputs in Redis, and the exporter's own"],
  ["-/healthy", "Health", "whether the process lives"],
  ["-/ready", "Readiness", "whether Redis answers"],
] as const;

/** Problems that the page lists; the log has all of them. */
const MAX_PROBLEMS = 100;

const STYLE = `
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 48rem; margin: 3rem auto; padding: 0 1rem; }
h1, h2 { line-height: 1.25; }
h2 { margin-top: 2.5rem; }
dl, form { display: grid; grid-template-columns: 14rem minmax(0, 1fr); gap: 0.5rem 1rem; align-items: center; }
dt, label, th { font-weight: 600; text-align: left; }
dd, td, code { margin: 0; overflow-wrap: anywhere; }
input, select, button { font: inherit; box-sizing: border-box; padding: 0.25rem 0.5rem; }
form > input, form > select { width: 100%; max-width: 28rem; }
.check { grid-column: 2; font-weight: inherit; }
.check input { margin: 0 0.5rem 0 0; }
form > button { grid-column: 2; justify-self: start; padding: 0.25rem 1.5rem; }
table { border-collapse: collapse; width: 100%; }
td:nth-child(2) { white-space: nowrap; }
th, td { padding: 0.25rem 1rem 0.25rem 0; vertical-align: top; border-bottom: 1px solid #8886; }
.wrong { border-left: 0.25rem solid #c33; padding: 0.5rem 1rem; overflow-wrap: anywhere; white-space: pre-line; }
@media (max-width: 40rem) {
  body { margin: 1.5rem auto; }
  dl, form { grid-template-columns: minmax(0, 1fr); gap: 0.25rem; }
  dd, form > input, form > select { margin-bottom: 0.5rem; max-width: none; }
  .check, form > button { grid-column: 1; }
  th { display: none; }
  td { display: block; border: 0; padding: 0; }
  tr { display: block; padding: 0.5rem 0; border-bottom: 1px solid #8886; }
}`;

/** What is wrong now; undefined where nothing is. */
export interface Troubles {
  /** Why Redis is away. */
  readonly redis: string | undefined;
  /** What is wrong with the newest configuration, which is not in force. */
  readonly configuration: string | undefined;
}

/** The page at `/`. */
export function landingPage({ configuration, target }: Exporter, troubles: Troubles): string {
  const modules = [...configuration.loaded.keys()];
  const rows = [
    ["Version", VERSION],
    ["Redis", troubles.redis === undefined ? "answers" : `does not answer: ${troubles.redis}`],
    ["Outputs that are exported", String(target.store.exported)],
    ["Modules", modules.join(", ")],
  ] as const;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>Gaugelet exporter</title>
<style>${STYLE}
</style>
</head>
<body>
<h1>Gaugelet exporter</h1>
<p>Turns the outputs of functions, kept in Redis, and other JSON documents into Prometheus metrics.</p>
${reloadNotice(troubles.configuration)}<dl>
${rows.map(([name, value]) => `<dt>${name}</dt><dd>${escapeHtml(value)}</dd>`).join("\n")}
</dl>
<ul>
${LINKS.map(([path, name, what]) => `<li><a href="${path}">${name}</a>: ${what}</li>`).join("\n")}
</ul>
${troubles.redis === undefined ? problemTable(target.problems) : ""}${probeForm(
  configuration.targets.map(({ pattern }) => pattern.text),
  modules,
)}
</body>
</html>
`;
}

function reloadNotice(problem: string | undefined): string {
  if (problem === undefined) return "";
  return `<p class="wrong" role="alert"><strong>The newest configuration is wrong; the one before stays in force.</strong>
${escapeHtml(problem)}</p>
`;
}

/** What is not exported, and why; nothing where all is. */
function problemTable(problems: readonly Problem[]): string {
  if (problems.length === 0) return "";
  const rows = problems
    .slice(0, MAX_PROBLEMS)
    .map(
      ({ key, reason, message }) =>
        `<tr><td><code>${escapeHtml(key)}</code></td><td>${reason}</td><td>${escapeHtml(message)}</td></tr>`,
    );
  const more = problems.length - rows.length;
  return `<h2>Not exported, or not all of it</h2>
<table>
<thead><tr><th>Key</th><th>Reason</th><th>What it means</th></tr></thead>
<tbody>
${rows.join("\n")}
</tbody>
</table>
${more > 0 ? `<p>And ${more} more, which the log names.</p>\n` : ""}`;
}

/** A form that probes; nothing where nothing may be probed. */
function probeForm(targets: readonly string[], modules: readonly string[]): string {
  if (targets.length === 0) return "<p>The configuration allows no targets to be probed.</p>";
  const options = modules.map((name) => `<option>${escapeHtml(name)}</option>`).join("");
  return `<h2>Probe</h2>
<p>Allowed: ${targets.map((target) => `<code>${escapeHtml(target)}</code>`).join(", ")}</p>
<form action="probe">
<label for="target">Target</label><input id="target" name="target" required>
<label for="key">Key or pattern</label><input id="key" name="key">
<label for="module">Module</label><select id="module" name="module">${options}</select>
<label class="check"><input type="checkbox" name="debug" value="true">Explain what matched what</label>
<button>Probe</button>
</form>`;
}
