import { AppPlugin, type AppRootProps } from "@grafana/data";
import { LoadingPlaceholder } from "@grafana/ui";
import { lazy, Suspense } from "react";
import { beginFirstPage } from "./app/first-page";
import type { AppConfigProps } from "./configuration/AppConfig";
import { PANEL_LINK } from "./functions/panel-link";

beginFirstPage(window.location);

const LazyApp = lazy(() => import("./app/App"));
const LazyAppConfig = lazy(() => import("./configuration/AppConfig"));

function App(props: AppRootProps) {
  return (
    <Suspense fallback={<LoadingPlaceholder text="Loading…" />}>
      <LazyApp {...props} />
    </Suspense>
  );
}

function AppConfig(props: AppConfigProps) {
  return (
    <Suspense fallback={<LoadingPlaceholder text="Loading…" />}>
      <LazyAppConfig {...props} />
    </Suspense>
  );
}

export const plugin = new AppPlugin()
  .setRootPage(App)
  .addConfigPage({ title: "Configuration", icon: "cog", body: AppConfig, id: "configuration" })
  .addLink(PANEL_LINK);
