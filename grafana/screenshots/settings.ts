import { validate } from "@gaugelet/shared/configuration";
import { z } from "zod";

const schema = z.object({
  GAUGELET_GRAFANA_URL: z
    .url({ protocol: /^https?$/, error: "expected an http or https address" })
    .optional(),
  GAUGELET_GRAFANA_USER: z.string().default("admin"),
  GAUGELET_GRAFANA_PASSWORD: z.string().optional(),
  GAUGELET_SCREENSHOTS_PATH: z.string().optional(),
});

/** Which Grafana to look at, and as whom. */
export interface ScreenshotSettings {
  /** Without a slash at the end; undefined where none is named. */
  readonly url: string | undefined;
  /** Undefined: without signing in. */
  readonly login: { readonly user: string; readonly password: string } | undefined;
  /** Where the pictures go, if not into the documentation. */
  readonly folder: string | undefined;
}

/** @throws ConfigurationError that names the variable. */
export function readSettings(environment: NodeJS.ProcessEnv): ScreenshotSettings {
  const set = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ""));
  const values = validate(schema, set, "environment");
  const password = values.GAUGELET_GRAFANA_PASSWORD;
  return {
    url: values.GAUGELET_GRAFANA_URL?.replace(/\/+$/, ""),
    login: password === undefined ? undefined : { user: values.GAUGELET_GRAFANA_USER, password },
    folder: values.GAUGELET_SCREENSHOTS_PATH,
  };
}
