import { explainAnswer, explainError } from "./explain";

describe("explainAnswer", () => {
  it("is content with the API that knows the visitor in the role of the route", () => {
    const { isOk, title } = explainAnswer("editor", { user: "ada", role: "editor", by: "grafana" });
    expect(isOk).toBe(true);
    expect(title).toMatch(/ada.*editor/);
  });

  it("notices secrets that are in each other's places", () => {
    const { isOk, title } = explainAnswer("viewer", { user: "ada", role: "admin", by: "grafana" });
    expect(isOk).toBe(false);
    expect(title).toMatch(/for admin, not for viewer/);
  });

  it.each([["<html>hello</html>"], [{ status: "ok" }], [null]])("does not take %j for the API", (answer) =>
    expect(explainAnswer("viewer", answer)).toMatchObject({
      isOk: false,
      title: expect.stringMatching(/not the runtime/),
    }),
  );
});

/** What Grafana 12.4 and the runtime answered when each was tried. */
const ANSWERS: [name: string, status: number, code: string, message: string, expected: RegExp][] = [
  [
    "a wrong secret",
    401,
    "unauthenticated",
    "x-gaugelet-proxy-secret: not a secret of this installation's Grafana",
    /GAUGELET_GRAFANA_SECRET/,
  ],
  [
    "no login",
    401,
    "unauthenticated",
    "x-grafana-user: expected one login; sign in to Grafana",
    /send_user_header = true.*GF_DATAPROXY_SEND_USER_HEADER=true/,
  ],
  [
    "a user that was deleted",
    401,
    "unauthenticated",
    "the user ada was deleted here; an administrator can restore it",
    /restore/,
  ],
  ["a catalog that is away", 503, "unavailable", "connect ECONNREFUSED", /catalog.*ECONNREFUSED/],
  ["no catalog", 404, "", "nothing at /api/v1/me; there is /", /GAUGELET_CATALOG=off/],
  [
    "the management port",
    404,
    "",
    "nothing at /api/v1/me; there is /healthz, /readyz, /metrics",
    /management port/,
  ],
  ["a path too many", 404, "", "nothing at /other/api/v1/me; there is /", /no API at the address/],
  ["nothing that listens", 502, "", "the answer was 502", /cannot reach/],
  ["no address", 500, "", "Could not parse url", /Is one set/],
  ["no settings", 404, "", "Plugin setting not found", /Save them/],
  ["another server", 401, "", "Unauthorized", /not the runtime.*401/],
  ["a role that is too low", 403, "", "Access denied", /role in this organization/],
];

describe("explainError", () => {
  it.each(ANSWERS)("says what %s comes from", (_name, status, code, message, expected) => {
    const { isOk, title, advice } = explainError({ status, code, message });
    expect(isOk).toBe(false);
    expect(`${title}. ${advice}`).toMatch(expected);
  });
});
