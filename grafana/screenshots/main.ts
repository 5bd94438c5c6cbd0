// npm run screenshots: pictures of every dashboard and of the app in both themes, of the Grafana that the environment names.
import { join } from "node:path";
import { ConfigurationError } from "@gaugelet/shared/configuration";
import { findCommand } from "../../stack/src/setup/find-command.ts";
import { setupChromium } from "../../stack/src/setup/programs.ts";
import { dashboards } from "../dashboards/src/dashboards.ts";
import { readSettings } from "./settings.ts";
import { type Shots, takeApp, takeDashboards } from "./take.ts";

try {
  const settings = readSettings(process.env);
  if (settings.url === undefined) {
    throw new ConfigurationError(
      "environment: GAUGELET_GRAFANA_URL: expected the address of a running Grafana, such as http://127.0.0.1:3000; the pictures stay as they are",
    );
  }
  await setupChromium();
  const browser = findCommand("chromium", "chromium-browser", "google-chrome") ?? "chromium";
  const widths = settings.folder === undefined ? [1280] : [1280, 1920];
  const to = (folder: string): Shots => ({
    widths,
    browser,
    folder: settings.folder ?? join(import.meta.dirname, folder),
  });
  const built = Object.values(dashboards).map((build) => build());
  const files = [
    ...(await takeDashboards(settings, built, to("../../docs/images"))),
    // Where Grafana's list of plugins takes them from too.
    ...(await takeApp(settings, to("../app/src/img"))),
  ];
  for (const file of files) console.log(`wrote ${file}`);
} catch (error) {
  if (!(error instanceof ConfigurationError)) throw error;
  process.stderr.write(`gaugelet: ${error.message}\n`);
  process.exitCode = 1;
}
