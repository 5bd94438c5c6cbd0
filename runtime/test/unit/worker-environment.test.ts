import { afterEach, expect, test, vi } from "vitest";
import { workerEnvironment } from "../../src/workers/launch/python-program.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

test("a function is told whom to trust, in Python's words and in Node's, and no secrets", () => {
  vi.stubEnv("SSL_CERT_FILE", "/ours.pem");
  vi.stubEnv("NODE_EXTRA_CA_CERTS", "/ours.pem");
  vi.stubEnv("GAUGELET_SECRET_KEY", "secret");
  const environment = workerEnvironment({ OWN: "1" });
  expect(environment).toMatchObject({
    SSL_CERT_FILE: "/ours.pem",
    NODE_EXTRA_CA_CERTS: "/ours.pem",
    OWN: "1",
  });
  expect(environment).not.toHaveProperty("GAUGELET_SECRET_KEY");
});
