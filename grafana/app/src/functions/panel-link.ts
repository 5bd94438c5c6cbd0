import {
  type PluginExtensionAddedLinkConfig,
  type PluginExtensionPanelContext,
  PluginExtensionPoints,
} from "@grafana/data";
import { getTemplateSrv } from "@grafana/runtime";
import { APP_PATH } from "../constants";

/** In the menu of a panel that has a query in PromQL: a new function with that query as its trigger. */
export const PANEL_LINK: PluginExtensionAddedLinkConfig<PluginExtensionPanelContext> = {
  title: "New function from this",
  description: "A function that is called with what the panel's query results in",
  targets: [PluginExtensionPoints.DashboardPanelMenu],
  path: `${APP_PATH}/new-function`,
  icon: "rocket",
  configure: (context) => {
    const query = queryOf(context);
    return query === undefined ? undefined : { path: pathOf(query) };
  },
};

/** What Grafana puts in by the width of a panel, which a function has none of. */
const INTERVALS = {
  __rate_interval: { value: "1m" },
  __interval: { value: "1m" },
  __interval_ms: { value: "60000" },
  __range: { value: "1h" },
  __range_s: { value: "3600" },
};

/** The panel's first query in PromQL, with the values that its variables have now; undefined: it has none. */
export function queryOf(
  context: Pick<PluginExtensionPanelContext, "targets" | "scopedVars"> | undefined,
): string | undefined {
  for (const target of context?.targets ?? []) {
    const { expr } = target as { expr?: unknown };
    if (typeof expr === "string" && expr.trim() !== "") {
      return getTemplateSrv().replace(expr, { ...context?.scopedVars, ...INTERVALS }, asPattern);
    }
  }
  return undefined;
}

/** Several values are one of them, as Prometheus' data source has it. */
function asPattern(value: string | readonly string[]): string {
  if (typeof value === "string") return value;
  const values = value.map((each) => each.replaceAll(/[\\^$*+?.()|[\]{}/]/g, "\\\\$&"));
  return values.length === 1 ? (values[0] ?? "") : `(${values.join("|")})`;
}

function pathOf(query: string): string {
  return `${APP_PATH}/new-function?${new URLSearchParams({ query })}`;
}
