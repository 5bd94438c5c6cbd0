import { escapeHtml } from "@gaugelet/shared/html";
import { VERSION } from "../version.ts";

/**
 * The page at `/`.
 *
 * @param exported number of outputs in the latest scrape, if there was one.
 * @param redisProblem why Redis is away; undefined where it answers.
 */
export function landingPage(exported: number | undefined, redisProblem: string | undefined): string {
  const rows = [
    ["Version", VERSION],
    ["Redis", redisProblem === undefined ? "answers" : `does not answer: ${redisProblem}`],
    ["Outputs in the latest scrape", exported === undefined ? "no scrape yet" : String(exported)],
  ];
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
<p>Turns the outputs of functions, kept in Redis, into Prometheus metrics.</p>
<dl>
${rows.map(([name, value]) => `<dt>${escapeHtml(name ?? "")}</dt><dd>${escapeHtml(value ?? "")}</dd>`).join("\n")}
</dl>
<ul>
<li><a href="metrics">Metrics</a></li>
<li><a href="healthz">Health</a>: whether the process lives</li>
<li><a href="readyz">Readiness</a>: whether Redis answers</li>
</ul>
</body>
</html>
`;
}
