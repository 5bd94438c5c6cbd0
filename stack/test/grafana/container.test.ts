import { expect, test } from "vitest";
import { containerCommand, containerName } from "../../src/grafana/container.ts";

test("no value of a variable is among the arguments, where everyone on the machine could read it", () => {
  const { args, environment } = containerCommand(
    { engine: "/usr/bin/docker", isRootless: false },
    "name",
    3000,
    { readOnly: ["/repository/grafana"], writable: ["/state/grafana"] },
    { GF_SECURITY_ADMIN_PASSWORD: "secret" },
    { HOME: "/root" },
  );
  expect(args).toContain("--env=GF_SECURITY_ADMIN_PASSWORD");
  expect(args.join(" ")).not.toContain("secret");
  expect(environment).toEqual({ HOME: "/root", GF_SECURITY_ADMIN_PASSWORD: "secret" });
  expect(args).toContain("--mount=type=bind,source=/repository/grafana,target=/repository/grafana,readonly");
  expect(args).toContain("--mount=type=bind,source=/state/grafana,target=/state/grafana");
});

test("each stack has a container name of its own, the same at each start", () => {
  expect(containerName("/a")).toBe(containerName("/a"));
  expect(containerName("/a")).not.toBe(containerName("/b"));
  expect(containerName("/a")).toMatch(/^gaugelet-grafana-[0-9a-f]{12}$/);
});
