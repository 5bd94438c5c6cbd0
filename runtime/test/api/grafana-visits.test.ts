import { grafanaProxySecret } from "@gaugelet/shared/grafana-secret";
import { describe, expect, test } from "vitest";
import type { Role } from "../../src/database/schema/access.ts";
import { DATABASES } from "./test-database.ts";
import { type ApiUnderTest, useApi } from "./use-api.ts";

const SECRET = "a secret of Grafana and the runtime";

describe.each(DATABASES)("visits from Grafana on %s", (kind) => {
  const api = useApi(kind);

  const visit = async (
    { url }: ApiUnderTest,
    role: Role,
    login: string | null,
    { method = "GET", path = "/me", body, ...headers }: Record<string, unknown> = {},
  ) => {
    const response = await fetch(`${url}/api/v1${path as string}`, {
      method: method as string,
      headers: {
        "x-gaugelet-proxy-secret": grafanaProxySecret(SECRET, role),
        // As Grafana does: the bytes of UTF-8.
        ...(login === null ? {} : { "x-grafana-user": Buffer.from(login).toString("latin1") }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...(headers as Record<string, string>),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: JSON.parse((await response.text()) || "null") };
  };

  test("make the user at the first, whose role follows Grafana's", async () => {
    const started = await api.start({ GAUGELET_GRAFANA_SECRET: SECRET });
    const me = await visit(started, "viewer", "jürgen@example.com");
    expect(me).toEqual({ status: 200, body: { user: "jürgen@example.com", role: "viewer", by: "grafana" } });
    const user = async () => (await started.ask("GET", "/users/j%C3%BCrgen%40example.com")).body;
    expect(await user()).toMatchObject({ role: "viewer", origin: "grafana" });
    expect((await visit(started, "editor", "jürgen@example.com")).body.role).toBe("editor");
    expect(await user()).toMatchObject({ role: "editor", origin: "grafana" });
    const audit = await started.ask("GET", "/audit?user=j%C3%BCrgen%40example.com");
    expect(audit.body.items).toMatchObject([
      { action: "user.role", details: { to: "editor" } },
      { action: "user.create", details: { role: "viewer" } },
    ]);
  });

  test("never lower an administrator that the API made, and make none of whoever has that login", async () => {
    const started = await api.start({ GAUGELET_GRAFANA_SECRET: SECRET });
    expect((await visit(started, "viewer", "admin")).body).toEqual({
      user: "admin",
      role: "viewer",
      by: "grafana",
    });
    expect((await started.ask("GET", "/users/admin")).body).toMatchObject({ role: "admin", origin: "api" });
    expect((await visit(started, "viewer", "admin", { path: "/users" })).status).toBe(403);
    // A token would have the rights of the user, not of the visit.
    const token = { method: "POST", path: "/tokens", body: { name: "mine" } };
    expect((await visit(started, "viewer", "admin", token)).status).toBe(403);
    expect((await visit(started, "admin", "admin", token)).status).toBe(201);
  });

  test("of a deleted user, or of nobody, are refused", async () => {
    const started = await api.start({ GAUGELET_GRAFANA_SECRET: SECRET });
    await visit(started, "editor", "ann");
    await started.ask("DELETE", "/users/ann");
    expect(await visit(started, "editor", "ann")).toMatchObject({
      status: 401,
      body: { detail: expect.stringMatching(/^the user ann was deleted here/) },
    });
    for (const login of [null, "", "a/b", "x".repeat(191)]) {
      const { status, body } = await visit(started, "editor", login);
      expect([login, status, body.detail]).toEqual([login, 401, expect.stringMatching(/sign in to Grafana/)]);
    }
  });

  test("that are forged are not believed, whatever else they show", async () => {
    const started = await api.start({ GAUGELET_GRAFANA_SECRET: SECRET });
    const secret = grafanaProxySecret(SECRET, "admin");
    for (const forged of [
      "",
      "admin",
      SECRET,
      secret.toUpperCase(),
      `${secret} `.repeat(2),
      "x".repeat(64),
    ]) {
      const shown = { "x-gaugelet-proxy-secret": forged };
      expect([forged, (await visit(started, "admin", "ann", shown)).status]).toEqual([forged, 401]);
      const both = { ...shown, authorization: `Bearer ${started.token}` };
      expect([forged, (await visit(started, "admin", "ann", both)).status]).toEqual([forged, 401]);
    }
    const { url, token } = started;
    const named = { "x-grafana-user": "ann", "x-webauth-user": "ann" };
    const alone = await fetch(`${url}/api/v1/me`, { headers: named });
    expect(alone.status).toBe(401);
    // The name says nothing beside a token.
    const other = await fetch(`${url}/api/v1/me`, {
      headers: { ...named, authorization: `Bearer ${token}` },
    });
    expect(await other.json()).toMatchObject({ user: "admin", by: "token" });
    expect((await started.ask("GET", "/users")).body.items).toHaveLength(1);
    expect(JSON.stringify(started.log)).not.toContain(secret);
  });

  test("are nobody's where no secret is configured", async () => {
    const started = await api.start();
    expect((await visit(started, "viewer", "ann")).status).toBe(401);
  });
});

test("the secret of a role is documented, and tells nothing of the others", async () => {
  // printf editor | openssl dgst -sha256 -hmac 'a secret of Grafana and the runtime'
  expect(grafanaProxySecret(SECRET, "editor")).toMatch(/^[0-9a-f]{64}$/);
  const all = (["viewer", "editor", "admin"] as const).map((role) => grafanaProxySecret(SECRET, role));
  expect(new Set(all).size).toBe(3);
});
