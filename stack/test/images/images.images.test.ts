import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { freePort } from "@gaugelet/testing/ports";
import { startRedis, type TestRedis } from "@gaugelet/testing/redis-server";
import { waitFor } from "@gaugelet/testing/wait";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { IMAGES } from "../../src/images/images.ts";
import { ROOT } from "../../src/root.ts";
import { build, Containers, inspect, named as nameOf, output, RUNNER } from "./containers.ts";
import { startRegistry } from "./registry.ts";

const run = promisify(execFile);
const BUILD_MILLISECONDS = 2_400_000;
const TAG = "test";
const NAMES = IMAGES.map(({ name }) => name);
/** All stages of all Dockerfiles: the slim runtime has no stage of its own that the usual one has not. */
const BUILT_TWICE = ["runtime", "exporter", "grafana"];
/** What an exporter may add to the image that it is made from. */
const EXPORTER_BYTES = 60e6;
const DROP_IN_MEMORY = "300m";

const containers = new Containers();
let redis: TestRedis;
let folder: string;

const named = (name: string): string => nameOf(name, TAG);

beforeAll(async () => {
  [redis, folder] = await Promise.all([startRedis(), mkdtemp(join(tmpdir(), "gaugelet-images-"))]);
  await build(NAMES, TAG);
}, BUILD_MILLISECONDS);

afterEach(() => containers.remove());

afterAll(async () => {
  await redis?.stop();
  await rm(folder, { recursive: true, force: true });
});

test(
  "two builds of a commit have one digest",
  async () => {
    const again = "test-again";
    await build(BUILT_TWICE, again, ["--no-cache"]);
    try {
      for (const name of BUILT_TWICE) {
        const [one, other] = await Promise.all([inspect(named(name)), inspect(nameOf(name, again))]);
        expect.soft(other.id, name).toBe(one.id);
      }
    } finally {
      await run(RUNNER, ["rmi", "--force", ...BUILT_TWICE.map((name) => nameOf(name, again))]);
    }
  },
  BUILD_MILLISECONDS,
);

test.each(NAMES)("the image %s says what it is, and does not run as root", async (name) => {
  const { labels, user, bytes } = await inspect(named(name));
  expect(labels["org.opencontainers.image.licenses"]).toBe("Apache-2.0");
  expect(labels["org.opencontainers.image.title"]).toMatch(/^Gaugelet /);
  expect(labels["org.opencontainers.image.version"]).toMatch(/^\d+\.\d+\.\d+$/);
  expect(labels["org.opencontainers.image.revision"]).toMatch(/^[0-9a-f]{40}$/);
  expect(user).toMatch(name === "grafana" ? /^472/ : /^10001:10001$/);
  console.log(`${name}: ${(bytes / 1e6).toFixed(0)} MB`);
});

test.each([
  ["runtime", "/opt/gaugelet/sbom/npm.cdx.json", "@platformatic/kafka"],
  ["exporter", "/opt/gaugelet/sbom/npm.cdx.json", "ioredis"],
  ["grafana", "/etc/gaugelet/sbom/npm.cdx.json", "@tanstack/react-virtual"],
])("the image %s lists what is in it, and holds no tools to build with", async (name, file, component) => {
  const bill = JSON.parse(await output(named(name), "cat", file));
  expect(bill.bomFormat).toBe("CycloneDX");
  expect(bill.components.map(({ purl }: { purl: string }) => purl)).toContainEqual(
    expect.stringContaining(component.replace("@", "%40")),
  );
  const tools = "for tool in gcc cc make git tsc webpack; do command -v $tool; done; true";
  expect(await output(named(name), "sh", "-c", tools)).toBe("");
});

test("the exporter adds little to the image that it is made from", async () => {
  const base =
    process.env.NODE_IMAGE ?? IMAGES.find(({ name }) => name === "exporter")?.bases.NODE_IMAGE ?? "";
  const added = (await inspect(named("exporter"))).bytes - (await inspect(base)).bytes;
  console.log(`the exporter's own layers: ${(added / 1e6).toFixed(1)} MB`);
  expect(added).toBeLessThan(EXPORTER_BYTES);
});

test("the usual runtime has the scientific packages, the slim one has none", async () => {
  const imports = "import numpy, pandas, requests, sklearn, matplotlib, tqdm, orjson, psutil; print('all')";
  const python = "/opt/gaugelet/python/bin/python";
  expect(await output(named("runtime"), python, "-c", imports)).toBe("all\n");
  await expect(output(named("runtime-slim"), python, "-c", "import numpy")).rejects.toThrow("No module");
});

test.each([
  ["runtime", "10001:10001"],
  ["runtime", "123456:0"],
  ["runtime-slim", "123456:0"],
])(
  "drop-in mode of %s works as the user %s, within 300 MiB, with nothing to be written to",
  async (image, user) => {
    const handler = join(folder, "handler.py");
    await writeFile(
      handler,
      "def handler(input, context):\n    return {'seen': input['n'], 'key': context.output_key}\n",
    );
    const port = await freePort();
    const id = await containers.start(named(image), [
      `--user=${user}`,
      `--memory=${DROP_IN_MEMORY}`,
      `--volume=${handler}:/opt/usermodule.py:ro`,
      "--env=REDIS_HOST=127.0.0.1",
      `--env=REDIS_PORT=${redis.port}`,
      "--env=REDIS_INPUT_KEY=metrics",
      "--env=REDIS_OUTPUT_KEY=student-output",
      `--env=GAUGELET_MANAGEMENT_PORT=${port}`,
    ]);
    const n = Date.now();
    await redis.client.set("metrics", JSON.stringify({ n }));
    try {
      await waitFor(
        "the output",
        async () => {
          const text = await redis.client.get("student-output");
          return text !== null && JSON.parse(text).seen === n;
        },
        60,
      );
    } catch (error) {
      throw new Error(`${(error as Error).message}: ${await containers.logs(id)}`);
    }
    expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
  },
);

test("the exporter's image exports what a function stored", async () => {
  const port = await freePort();
  await redis.client.set("answers", JSON.stringify({ value: 42 }));
  await containers.start(named("exporter"), [
    "--user=123456:0",
    "--env=REDIS_HOST=127.0.0.1",
    `--env=REDIS_PORT=${redis.port}`,
    "--env=GAUGELET_EXPORTER_KEYS=answers",
    "--env=GAUGELET_EXPORTER_ADDRESS=127.0.0.1",
    `--env=GAUGELET_EXPORTER_PORT=${port}`,
  ]);
  const text = await waitFor("the gauge", async () => {
    const page = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    return page.includes("gaugelet_output_value{") && page;
  });
  expect(text).toMatch(/^gaugelet_output_value\{.*field="value".*\} 42$/m);
});

test("Grafana's image shows visitors the dashboards, and has the app", async () => {
  const port = await freePort();
  const id = await containers.start(named("grafana"), [
    "--volume=/var/lib/grafana",
    `--env=GF_SERVER_HTTP_PORT=${port}`,
    "--env=GF_SERVER_HTTP_ADDR=127.0.0.1",
    "--env=GF_AUTH_ANONYMOUS_ENABLED=true",
    "--env=GAUGELET_PROMETHEUS_URL=http://127.0.0.1:9",
    "--env=GAUGELET_API_URL=http://127.0.0.1:9",
  ]);
  const read = async (path: string): Promise<Response> => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`);
    if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
    return answer;
  };
  try {
    const found = await waitFor(
      "the dashboards",
      async () => {
        const dashboards = (await (await read("/api/search?type=dash-db")).json()) as { title: string }[];
        return dashboards.length >= 6 && dashboards.map(({ title }) => title);
      },
      120,
    );
    expect(found).toEqual(
      expect.arrayContaining(["Overview", "Host", "Functions", "Topics", "Workers", "Usage and cost"]),
    );
    const module = await read("/public/plugins/gaugelet-functions-app/module.js");
    expect(await module.text()).toContain("define(");
  } catch (error) {
    throw new Error(`${(error as Error).message}: ${(await containers.logs(id)).slice(-3000)}`);
  }
});

test("the digests of an overlay's images are asked of their registry", async () => {
  const registry = await startRegistry();
  const settings = registry.environment;
  try {
    const pushed = `127.0.0.1:${registry.port}/gaugelet/exporter`;
    await run(RUNNER, ["tag", named("exporter"), `${pushed}:1.0`]);
    await run(RUNNER, ["push", `${pushed}:1.0`], { env: settings });
    await run(RUNNER, ["rmi", `${pushed}:1.0`]);
    const answer = await fetch(`http://127.0.0.1:${registry.port}/v2/gaugelet/exporter/manifests/1.0`, {
      headers: { accept: "application/vnd.docker.distribution.manifest.v2+json" },
    });
    const overlay = join(folder, "kustomization.yaml");
    await writeFile(
      overlay,
      `images:\n  - name: gaugelet-exporter\n    newName: ${pushed}\n    newTag: "1.0"\n`,
    );
    const program = join(ROOT, "stack/src/kubernetes/digests.ts");
    await run(process.execPath, [program, folder], { env: settings });
    expect(await readFile(overlay, "utf8")).toContain(
      `digest: ${answer.headers.get("docker-content-digest")}`,
    );
    await writeFile(overlay, `images:\n  - { name: gaugelet-exporter, newName: ${pushed}, newTag: "2.0" }\n`);
    await expect(run(process.execPath, [program, folder], { env: settings })).rejects.toThrow(
      `${pushed}:2.0: `,
    );
  } finally {
    await registry.stop();
  }
});
