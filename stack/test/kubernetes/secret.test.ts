import { grafanaProxySecret } from "@gaugelet/shared/grafana-secret";
import { expect, test } from "vitest";
import { newValues, withValuesOfRoles } from "../../src/kubernetes/secret.ts";

test("an installation has secrets of its own, and Grafana's roles those that the runtime knows them by", () => {
  const values = newValues();
  expect(values["database-url"]).toContain(`:${values["postgres-password"]}@`);
  expect(values["grafana-admin-secret"]).toBe(
    grafanaProxySecret(values["grafana-secret"] as string, "admin"),
  );
  const others = newValues();
  for (const [key, value] of Object.entries(values)) expect(others[key]).not.toBe(value);
  expect(new Set(Object.values(values)).size).toBe(Object.keys(values).length);
});

test("a secret that is there keeps its values, and those of the roles follow that of Grafana", () => {
  const there = {
    "grafana-secret": "made by echo, long ago\n",
    "admin-token": "mine",
    "grafana-editor-secret": "old",
  };
  expect(withValuesOfRoles(there)).toEqual({
    ...there,
    "grafana-viewer-secret": grafanaProxySecret("made by echo, long ago", "viewer"),
    "grafana-editor-secret": grafanaProxySecret("made by echo, long ago", "editor"),
    "grafana-admin-secret": grafanaProxySecret("made by echo, long ago", "admin"),
  });
  expect(withValuesOfRoles({ "admin-token": "mine" })).toEqual({ "admin-token": "mine" });
});
