// npm run screenshots: pictures of every dashboard and of the app in both themes, of the Grafana that the environment names.
import { join } from "node:path";
import { ConfigurationError } from "@gaugelet/shared/configuration";
import { findCommand } from "../../stack/src/setup/find-command.ts";
import { setupChromium } from "../../stack/src/setup/programs.ts";
import { dashboards } from "../dashboards/src/dashboards.ts";
import { readSettings } from "./settings.ts";
import { takeAppScreenshots, takeScreenshots } from "./take.ts";

try {
  const settings = readSettings(process.env);
  if (settings.url === undefined) {
    throw new ConfigurationError(
      "environment: GAUGELET_GRAFANA_URL: expected the address of a running Grafana, such as http://127.0.0.1:3000; the pictures stay as they are",
    );
  }
  await setupChromium();
  const browser = findCommand("chromium", "chromium-browser", "google-chrome") ?? "chromium";
  const shots = {
    dashboards: Object.values(dashboards).map((build) => build()),
    widths: settings.folder === undefined ? [1280] : [1280, 1920],
    browser,
    folder: settings.folder ?? join(import.meta.dirname, "../../docs/images"),
  };
  const files = [...(await takeScreenshots(settings, shots)), ...(await takeAppScreenshots(settings, shots))];
  for (const file of files) console.log(`wrote ${file}`);
} catch (error) {
  if (!(error instanceof ConfigurationError)) throw error;
  process.stderr.write(`gaugelet: ${error.message}\n`);
  process.exitCode = 1;
}
