import { homedir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "../src/root.ts";
import { readSettings } from "../src/settings.ts";

test("without variables the documented ports and folder are used", () => {
  const settings = readSettings({});
  expect(settings.ports).toEqual({
    redis: 6379,
    runtime: 8420,
    management: 8421,
    exporter: 9420,
    prometheus: 9090,
    alertmanager: 9093,
    grafana: 3000,
  });
  expect(settings.state).toBe(join(ROOT, ".gaugelet"));
});

test("variables set each port and the folder; empty ones count as not set", () => {
  const settings = readSettings({
    GAUGELET_REDIS_PORT: "16379",
    GAUGELET_RUNTIME_PORT: "18420",
    GAUGELET_MANAGEMENT_PORT: "18421",
    GAUGELET_EXPORTER_PORT: "19420",
    GAUGELET_PROMETHEUS_PORT: "19090",
    GAUGELET_ALERTMANAGER_PORT: "19093",
    GAUGELET_GRAFANA_PORT: "",
    GAUGELET_STATE_DIR: homedir(),
  });
  expect(Object.values(settings.ports)).toEqual([16379, 18420, 18421, 19420, 19090, 19093, 3000]);
  expect(settings.state).toBe(homedir());
});

test.each([
  [{ GAUGELET_REDIS_PORT: "redis" }, /GAUGELET_REDIS_PORT: expected a port number \(found "redis"\)/],
  [{ GAUGELET_GRAFANA_PORT: "0" }, /GAUGELET_GRAFANA_PORT: expected a port from 1 to 65535 \(found "0"\)/],
  [{ GAUGELET_GRAFANA_PORT: "65536" }, /GAUGELET_GRAFANA_PORT: expected a port from 1 to 65535/],
  [{ GAUGELET_EXPORTER_PORT: "1.5" }, /GAUGELET_EXPORTER_PORT: expected a port number/],
  [{ GAUGELET_GRAFANA_DOWNLOAD_URL: "/tmp" }, /GAUGELET_GRAFANA_DOWNLOAD_URL: expected an http or https/],
  [
    { GAUGELET_GRAFANA_PORT: "9090" },
    /GAUGELET_PROMETHEUS_PORT and GAUGELET_GRAFANA_PORT: expected different ports \(found 9090 for each\)/,
  ],
])("%o is refused", (environment, message) => {
  expect(() => readSettings(environment)).toThrow(message);
});

test("the parts do not see what npm and the launcher set", () => {
  const { environment, launcher } = readSettings({
    HOME: "/home/me",
    npm_lifecycle_event: "start",
    GAUGELET_LAUNCHER_PID: "42",
  });
  expect(environment).toEqual({ HOME: "/home/me" });
  expect(launcher).toBe(42);
});
