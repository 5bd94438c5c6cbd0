import { defineConfig } from "vitest/config";

const common = {
  // Generous: nothing here is a measurement, and the machine may be busy.
  testTimeout: 240_000,
  hookTimeout: 240_000,
  pool: "forks" as const,
  exclude: ["**/node_modules/**", "**/dist/**", ".gaugelet/**"],
};

export default defineConfig({
  test: {
    // Each has servers, a runtime and workers of its own. On two cores three of them leave neither idle while they wait.
    maxWorkers: 3,
    projects: [
      {
        test: {
          ...common,
          name: "unit",
          include: ["*/test/**/*.test.ts", "*/src/**/*.test.ts"],
          exclude: [
            ...common.exclude,
            "**/*.e2e.test.ts",
            "**/*.faults.test.ts",
            "**/*.cluster.test.ts",
            "**/*.images.test.ts",
          ],
        },
      },
      { test: { ...common, name: "e2e", include: ["*/test/**/*.e2e.test.ts"], testTimeout: 300_000 } },
      // Builds and runs the container images: `npm run test:images`.
      {
        test: {
          ...common,
          name: "images",
          include: ["stack/test/**/*.images.test.ts"],
          testTimeout: 300_000,
        },
      },
      // Against the cluster that kubectl points at: `npm run test:cluster`.
      {
        test: {
          ...common,
          name: "cluster",
          include: ["kustomize/test/**/*.cluster.test.ts"],
          testTimeout: 400_000,
        },
      },
      // Long, and not part of `npm test`: `npm run test:faults`.
      { test: { ...common, name: "faults", include: ["*/test/**/*.faults.test.ts"], testTimeout: 900_000 } },
    ],
  },
});
