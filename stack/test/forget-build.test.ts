import { expect, test } from "vitest";
import { withoutTraces } from "../src/images/forget-build.ts";

test("an image forgets what it was built in, and nothing else", () => {
  const configuration = {
    created: "1980-01-01T00:00:00Z",
    container: "1fa72704c512",
    parent: "sha256:9163c18c984d",
    config: { Hostname: "feaafcdf3f28", User: "10001:10001", Healthcheck: { Test: ["CMD", "true"] } },
    container_config: { Hostname: "feaafcdf3f28" },
    history: [
      { created_by: "ADD file", comment: "imported from a tarball" },
      { created_by: "RUN true", comment: "FROM 6c7725ab5db7", empty_layer: true },
    ],
    rootfs: { type: "layers", diff_ids: ["sha256:a9226be9720f"] },
  };
  expect(JSON.parse(withoutTraces(JSON.stringify(configuration)))).toEqual({
    created: "1980-01-01T00:00:00Z",
    config: { User: "10001:10001", Healthcheck: { Test: ["CMD", "true"] } },
    container_config: {},
    history: [
      { created_by: "ADD file", comment: "imported from a tarball" },
      { created_by: "RUN true", empty_layer: true },
    ],
    rootfs: configuration.rootfs,
  });
});
