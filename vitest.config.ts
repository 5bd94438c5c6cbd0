import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["*/test/**/*.test.ts", "*/src/**/*.test.ts", "grafana/**/*.test.ts"],
    exclude: ["**/node_modules/**", "**/dist/**", ".gaugelet/**", "**/*.e2e.test.ts"],
    // Generous: nothing here is a measurement, and the machine may be busy.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: "forks",
    maxWorkers: 3,
  },
});
