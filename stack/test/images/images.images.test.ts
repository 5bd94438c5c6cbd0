import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { freePort } from "@gaugelet/testing/ports";
import { startRedis, type TestRedis } from "@gaugelet/testing/redis-server";
import { waitFor } from "@gaugelet/testing/wait";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { type Builder, findBuilder } from "../../src/images/builder.ts";
import { fullName, IMAGES } from "../../src/images/images.ts";
import { ROOT } from "../../src/root.ts";

const run = promisify(execFile);
const BUILD_MILLISECONDS = 1_200_000;
const TAG = "test";
/** What an exporter may add to the image that it is made from. */
const EXPORTER_BYTES = 60e6;
const DROP_IN_MEMORY = "300m";

const builder: Builder = findBuilder();
const runner = builder.run ?? builder.command;
const started: string[] = [];
let redis: TestRedis;
let folder: string;

/** Build images as people do. Images that are not to be had here are made from others that the environment names. */
async function build(...names: string[]): Promise<void> {
  const further = process.env.GAUGELET_BUILD_ARGUMENT?.split(" ") ?? [];
  const options = further.flatMap((argument) => [`--build-argument=${argument}`]);
  const args = [join(ROOT, "stack/src/images/main.ts"), ...names, "--tag", TAG, ...options];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "inherit", "inherit"] });
  const [code] = await once(child, "exit");
  expect(code).toBe(0);
}

const named = (name: string): string => {
  const image = IMAGES.find((each) => each.name === name);
  if (image === undefined) throw new Error(`no image ${name}`);
  return fullName(image, TAG);
};

async function inspect(
  name: string,
): Promise<{ id: string; size: number; labels: Record<string, string>; user: string }> {
  const { stdout } = await run(runner, ["image", "inspect", named(name)]);
  const [found] = JSON.parse(stdout);
  return { id: found.Id, size: found.Size, labels: found.Config.Labels, user: found.Config.User };
}

/** Run an image as a restricted pod does: no root, nothing to be written but /tmp, no capabilities. */
async function start(name: string, options: readonly string[]): Promise<string> {
  const hardened = ["--read-only", "--tmpfs=/tmp", "--cap-drop=ALL", "--security-opt=no-new-privileges"];
  const { stdout } = await run(runner, [
    "run",
    "--detach",
    "--network=host",
    ...hardened,
    ...options,
    named(name),
  ]);
  const id = stdout.trim();
  started.push(id);
  return id;
}

beforeAll(async () => {
  [redis, folder] = await Promise.all([startRedis(), mkdtemp(join(tmpdir(), "gaugelet-images-"))]);
  await build("runtime", "runtime-slim", "exporter");
}, BUILD_MILLISECONDS);

afterEach(async () => {
  for (const id of started.splice(0)) await run(runner, ["rm", "--force", id]);
});

afterAll(async () => {
  await redis?.stop();
  await rm(folder, { recursive: true, force: true });
});

test(
  "two builds of a commit have one digest",
  async () => {
    const before = await Promise.all(["runtime-slim", "exporter"].map(inspect));
    await run(builder.command, ["rmi", "--force", named("runtime-slim"), named("exporter")]);
    const cold = builder.name === "docker" ? "--no-cache" : "--layers=false";
    const others = process.env.GAUGELET_BUILD_ARGUMENT;
    process.env.GAUGELET_BUILD_ARGUMENT = others === undefined ? cold : `${others} ${cold}`;
    try {
      await build("runtime-slim", "exporter");
    } finally {
      if (others === undefined) delete process.env.GAUGELET_BUILD_ARGUMENT;
      else process.env.GAUGELET_BUILD_ARGUMENT = others;
    }
    const after = await Promise.all(["runtime-slim", "exporter"].map(inspect));
    expect(after.map(({ id }) => id)).toEqual(before.map(({ id }) => id));
  },
  BUILD_MILLISECONDS,
);

test("they say what they are, run as nobody in particular, and hold no tools to build with", async () => {
  for (const name of ["runtime", "exporter"]) {
    const { labels, user } = await inspect(name);
    expect(labels["org.opencontainers.image.licenses"]).toBe("Apache-2.0");
    expect(labels["org.opencontainers.image.revision"]).toMatch(/^[0-9a-f]{40}$/);
    expect(user).toBe("10001:10001");
    const bill = await run(runner, [
      "run",
      "--rm",
      "--entrypoint=cat",
      named(name),
      "/opt/gaugelet/sbom/npm.cdx.json",
    ]);
    expect(JSON.parse(bill.stdout)).toMatchObject({ bomFormat: "CycloneDX" });
    const tools = "for tool in gcc cc make git tsc; do command -v $tool; done; true";
    const found = await run(runner, ["run", "--rm", "--entrypoint=sh", named(name), "-c", tools]);
    expect(found.stdout).toBe("");
  }
});

test("the exporter adds little to the image that it is made from", async () => {
  const base =
    process.env.NODE_IMAGE ?? IMAGES.find(({ name }) => name === "exporter")?.bases.NODE_IMAGE ?? "";
  const { stdout } = await run(runner, ["image", "inspect", "--format={{.Size}}", base]);
  const added = (await inspect("exporter")).size - Number(stdout);
  console.log(`the exporter's own layers: ${(added / 1e6).toFixed(1)} MB`);
  expect(added).toBeLessThan(EXPORTER_BYTES);
});

test("the usual runtime has the scientific packages, the slim one has none", async () => {
  const imports = "import numpy, pandas, requests, sklearn, matplotlib, tqdm, orjson, psutil; print('all')";
  const python = ["run", "--rm", "--entrypoint=/opt/gaugelet/python/bin/python"];
  expect((await run(runner, [...python, named("runtime"), "-c", imports])).stdout).toBe("all\n");
  await expect(run(runner, [...python, named("runtime-slim"), "-c", "import numpy"])).rejects.toThrow(
    "No module",
  );
});

test.each([["10001:10001"], ["123456:0"]])(
  "drop-in mode works as the user %s, within 300 MiB, with nothing to be written to",
  async (user) => {
    const handler = join(folder, "handler.py");
    await writeFile(
      handler,
      "def handler(input, context):\n    return {'seen': input['n'], 'key': context.output_key}\n",
    );
    const port = await freePort();
    const id = await start("runtime", [
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
      const { stdout, stderr } = await run(runner, ["logs", id]);
      throw new Error(`${(error as Error).message}: ${stdout}${stderr}`);
    }
    expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
  },
);

test("the exporter's image exports what a function stored", async () => {
  const port = await freePort();
  await redis.client.set("answers", JSON.stringify({ value: 42 }));
  await start("exporter", [
    "--env=REDIS_HOST=127.0.0.1",
    `--env=REDIS_PORT=${redis.port}`,
    "--env=GAUGELET_EXPORTER_KEYS=answers",
    "--env=GAUGELET_EXPORTER_ADDRESS=127.0.0.1",
    `--env=GAUGELET_EXPORTER_PORT=${port}`,
  ]);
  const text = await waitFor(
    "the gauge",
    async () => {
      const page = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
      return page.includes("gaugelet_output_value{") && page;
    },
    60,
  );
  expect(text).toMatch(/^gaugelet_output_value\{.*field="value".*\} 42$/m);
});
