import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { load, YAML11_SCHEMA } from "js-yaml";
import { expect, test } from "vitest";
import { ROOT } from "../src/root.ts";

/** As much of a service as is looked at; that it is one by the compose specification is a check of its own. */
interface Service {
  readonly image: string;
  readonly build?: { readonly dockerfile: string };
  readonly profiles?: readonly string[];
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly depends_on?: Readonly<Record<string, object>>;
  readonly healthcheck?: object;
  readonly read_only?: boolean;
}

const text = await readFile(join(ROOT, "compose.yaml"), "utf8");
const file = load(text, { schema: YAML11_SCHEMA }) as {
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
};
const services = Object.entries(file.services);

/** What fails a rule, by the name of the service. */
const failing = (isGood: (service: Service) => boolean): string[] =>
  services.filter(([, service]) => !isGood(service)).map(([name]) => name);

test("every image is built here or has a version", () => {
  const built = new Set(services.flatMap(([, { image, build }]) => (build === undefined ? [] : [image])));
  expect(failing(({ image }) => built.has(image) || /:(?!latest$)[\w.-]+$/.test(image))).toEqual([]);
});

test("ports are open on this machine alone", () => {
  expect(failing(({ ports = [] }) => ports.every((port) => port.startsWith("127.0.0.1:")))).toEqual([]);
});

test("every service says whether it is well", () => {
  // The exporter's and the runtime's images do so themselves.
  expect(failing(({ build, healthcheck }) => healthcheck !== undefined || build !== undefined)).toEqual([]);
});

test("root file systems are read-only but for Kafka's, whose image writes to it", () => {
  expect(failing((service) => service.read_only === true)).toEqual(["kafka"]);
});

test("what services refer to is there", () => {
  const others = failing(({ depends_on = {} }) =>
    Object.keys(depends_on).every((name) => name in file.services),
  );
  expect(others).toEqual([]);
  const named = services.flatMap(([, { volumes = [] }]) =>
    volumes.map((volume) => volume.split(":")[0] ?? ""),
  );
  expect(named.filter((name) => !name.startsWith("./") && !(name in file.volumes))).toEqual([]);
});

test.each(await readdir(join(ROOT, "compose")))(
  "%s sets a profile that is there, and variables that are read",
  async (name) => {
    const lines = (await readFile(join(ROOT, "compose", name), "utf8")).split("\n");
    const settings = new Map(
      lines
        .filter((line) => /^\w+=/.test(line))
        .map((line) => [line.split("=")[0], line.split("=").slice(1).join("=")]),
    );
    const profile = settings.get("COMPOSE_PROFILES") ?? "";
    expect(services.flatMap(([, { profiles = [] }]) => profiles)).toContain(profile);
    settings.delete("COMPOSE_PROFILES");
    expect([...settings.keys()].filter((variable) => !text.includes(`\${${variable}:-`))).toEqual([]);
  },
);
