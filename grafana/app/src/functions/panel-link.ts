import {
  type PluginExtensionAddedLinkConfig,
  type PluginExtensionPanelContext,
  PluginExtensionPoints,
} from "@grafana/data";
import { APP_PATH } from "../constants";

/** In the menu of a panel that has a query in PromQL: a new function with that query as its trigger. */
export const PANEL_LINK: PluginExtensionAddedLinkConfig<PluginExtensionPanelContext> = {
  title: "Create function from this",
  description: "A function that is called with what the panel's query results in",
  targets: [PluginExtensionPoints.DashboardPanelMenu],
  path: `${APP_PATH}/functions/new`,
  icon: "rocket",
  configure: (context) => {
    const query = queryOf(context);
    return query === undefined ? undefined : { path: pathOf(query) };
  },
};

/** The panel's first query in PromQL; undefined: it has none. */
export function queryOf(
  context: Pick<PluginExtensionPanelContext, "targets"> | undefined,
): string | undefined {
  for (const target of context?.targets ?? []) {
    const { expr } = target as { expr?: unknown };
    if (typeof expr === "string" && expr.trim() !== "") return expr;
  }
  return undefined;
}

function pathOf(query: string): string {
  return `${APP_PATH}/functions/new?${new URLSearchParams({ query })}`;
}
