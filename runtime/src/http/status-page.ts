import type { FunctionRunner } from "../functions/function-runner.ts";
import type { Route } from "./server.ts";

/** The runtime's page for people: each function, whether it runs, and what its last error was. */
export function statusPageRoutes(runners: readonly FunctionRunner[]): Record<string, Route> {
  return {
    "/": () => ({ status: 200, type: "text/html; charset=utf-8", body: page(runners) }),
  };
}

function page(runners: readonly FunctionRunner[]): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="refresh" content="5">
<title>Gaugelet runtime</title>
<style>
  body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; color: #1c2128; }
  .table { overflow-x: auto; }
  table { border-collapse: collapse; width: 100%; }
  th, td { text-align: left; padding: .4rem .8rem .4rem 0; border-bottom: 1px solid #d0d7de; vertical-align: top; }
  .bad { color: #b31d28; } .good { color: #116329; }
  pre { background: #f6f8fa; padding: .6rem; overflow-x: auto; font-size: 13px; }
  @media (prefers-color-scheme: dark) {
    body { background: #111217; color: #d8d9da; } th, td { border-color: #34383f; } pre { background: #1b1d23; }
    .bad { color: #ff8a80; } .good { color: #7ee787; }
  }
</style>
</head>
<body>
<h1>Gaugelet runtime</h1>
<div class="table"><table>
<thead><tr><th>Function</th><th>Worker</th><th>Output key</th><th>Last call</th></tr></thead>
<tbody>
${runners.map(row).join("\n")}
</tbody>
</table></div>
</body>
</html>
`;
}

function row({ definition, workerState, lastCall }: FunctionRunner): string {
  const worker =
    workerState.kind === "failing"
      ? `<span class="bad">cannot be loaded: ${escapeHtml(workerState.reason)}</span>${details(workerState.details)}`
      : workerState.kind === "ready"
        ? `<span class="good">ready</span>, version ${escapeHtml(workerState.version)}`
        : workerState.kind;
  const call =
    lastCall === undefined
      ? "none yet"
      : lastCall.outcome === "ok"
        ? `<span class="good">ok</span> at ${lastCall.at.toISOString()}`
        : `<span class="bad">${lastCall.outcome}</span> at ${lastCall.at.toISOString()}: ${escapeHtml(lastCall.message)}${details(lastCall.details)}`;
  const description =
    definition.description === "" ? "" : `<br><small>${escapeHtml(definition.description)}</small>`;
  return `<tr><td>${escapeHtml(definition.name)}${description}</td><td>${worker}</td><td>${escapeHtml(definition.outputKey)}</td><td>${call}</td></tr>`;
}

function details(text: string): string {
  return text === "" ? "" : `<pre>${escapeHtml(text)}</pre>`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
