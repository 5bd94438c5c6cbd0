import { Alert } from "@grafana/ui";
import { type ComponentType, type LazyExoticComponent, lazy } from "react";

/**
 * A part of the app that is loaded when it is shown first. Where it cannot be, as after an upgrade, which takes the
 * parts of the app before away, whoever looks is told how to go on.
 */
export function lazily<Props>(
  load: () => Promise<{ default: ComponentType<Props> }>,
): LazyExoticComponent<ComponentType<Props>> {
  return lazy(() => load().catch(() => ({ default: NotLoaded })));
}

function NotLoaded() {
  return (
    <Alert
      severity="warning"
      title="This part of the app could not be loaded"
      buttonContent="Reload the page"
      onRemove={() => window.location.reload()}
    >
      The app was upgraded since the page was opened, or Grafana cannot be reached.
    </Alert>
  );
}
