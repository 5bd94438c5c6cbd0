import { escapeHtml } from "@gaugelet/shared/html";
import type { FunctionDefinition } from "../configuration/manifest.ts";
import type { TriggerSpec } from "../configuration/triggers.ts";
import type { FunctionRunner } from "../functions/function-runner.ts";
import type { FunctionStatus } from "../functions/function-status.ts";
import { CALL_PATH } from "../triggers/http/targets.ts";
import type { Refusal } from "../workers/pool-state.ts";
import type { Route } from "./server.ts";

/**
 * The runtime's page for people: each function, whether it runs, and what its last error was.
 *
 * @param problem why the newest configuration is not in force, where it is not.
 */
export function statusPageRoutes(
  runners: () => readonly FunctionRunner[],
  problem: () => string | undefined,
  managementPort: number,
): Record<string, Route> {
  return {
    "/": () => ({
      status: 200,
      type: "text/html; charset=utf-8",
      body: page(runners(), problem(), managementPort),
    }),
  };
}

function page(
  runners: readonly FunctionRunner[],
  problem: string | undefined,
  managementPort: number,
): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="refresh" content="5">
<link rel="icon" href="data:,">
<title>Gaugelet runtime</title>
<style>
  :root { color-scheme: light dark; --bad: light-dark(#b31d28, #ff8a80); --good: light-dark(#116329, #7ee787); }
  body { font: 16px/1.5 system-ui, sans-serif; margin: 3rem auto; max-width: 48rem; padding: 0 1rem; }
  section { border-top: 1px solid light-dark(#d0d7de, #34383f); padding: .5rem 0 1rem; }
  dl { display: grid; grid-template-columns: 7rem minmax(0, 1fr); gap: .3rem .6rem; margin: 0; }
  [role=alert] { border: 1px solid var(--bad); border-radius: 6px; padding: .6rem; overflow-wrap: anywhere; }
  dt { font-weight: 600; } dd { margin: 0; overflow-wrap: anywhere; }
  .bad { color: var(--bad); } .good { color: var(--good); }
  pre { background: light-dark(#f6f8fa, #1b1d23); padding: .6rem; overflow-x: auto; font-size: 13px; }
</style>
</head>
<body>
<h1>Gaugelet runtime</h1>
<p>${runners.length === 1 ? "1 function" : `${runners.length} functions`}. Health and metrics (<code>/healthz</code>, <code>/readyz</code>, <code>/metrics</code>) are on port ${managementPort}.</p>
${problem === undefined ? "" : `<p class="bad" role="alert">The configuration has changed but cannot be used; what runs goes on. ${escapeHtml(problem)}</p>`}
${runners.map(section).join("\n")}
</body>
</html>
`;
}

function section({ definition, status, otherOwner }: FunctionRunner): string {
  const { workerState, workerCounts, lastCall, level } = status;
  const worker =
    workerState.kind === "failing"
      ? `<span class="bad">cannot be loaded: ${escapeHtml(workerState.reason)}</span>${details(workerState.details)}`
      : workerState.kind === "ready"
        ? `<span class="good">${workerCounts.ready} of ${workerCounts.target} ready</span>, version ${escapeHtml(workerState.version)}${refusal(workerState.refused)}`
        : workerState.kind;
  const time = lastCall?.at.toISOString().replace("T", " ").replace("Z", " UTC");
  const call =
    lastCall === undefined
      ? "none yet"
      : lastCall.outcome === "ok"
        ? `<span class="good">ok</span>, ${time}`
        : `<span class="bad">${lastCall.outcome}: ${escapeHtml(lastCall.message)}</span>, ${time}${details(lastCall.details)}`;
  return `<section>
<h2>${escapeHtml(definition.name)}</h2>
${definition.description === "" ? "" : `<p>${escapeHtml(definition.description)}</p>`}
<dl>
<dt>Triggers</dt><dd>${definition.triggers.map((each) => triggerText(each, definition.name)).join("<br>")}</dd>
<dt>Workers</dt><dd>${worker}</dd>
${otherOwner === undefined ? "" : `<dt>Standing by</dt><dd>owned by another runtime: ${escapeHtml(otherOwner)}</dd>`}
<dt>Isolation</dt><dd>${isolationText(definition, level)}</dd>
<dt>Output key</dt><dd>${escapeHtml(definition.outputKey)}</dd>
<dt>Last call</dt><dd>${call}</dd>
</dl>
</section>`;
}

function details(text: string): string {
  return text === "" ? "" : `<pre>${escapeHtml(text)}</pre>`;
}

/** What was asked for, and what of it could not be had. */
function isolationText({ isolation, network }: FunctionDefinition, level: FunctionStatus["level"]): string {
  const parts = [isolation === "sandbox" && network ? "sandbox with network" : isolation];
  if (level?.ownUserReason != null) parts.push(`not as a user of its own: ${level.ownUserReason}`);
  return escapeHtml(parts.join("; "));
}

function triggerText(trigger: TriggerSpec, name: string): string {
  if ("http" in trigger) return `HTTP POST ${CALL_PATH}${escapeHtml(name)}`;
  if ("schedule" in trigger) return escapeHtml(`schedule ${trigger.schedule}`);
  if ("topic" in trigger) return escapeHtml(`topic ${trigger.topic}${trigger.paused ? ", paused" : ""}`);
  if ("prometheus" in trigger) return escapeHtml(`Prometheus query ${trigger.prometheus.query}`);
  return escapeHtml(`Redis key ${trigger.redisKey}`);
}

function refusal(refused: Refusal | undefined): string {
  if (refused === undefined) return "";
  return `<br><span class="bad">the code has changed since, but ${escapeHtml(refused.reason)}</span>${details(refused.details)}`;
}
