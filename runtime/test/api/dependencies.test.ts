import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { waitFor } from "@gaugelet/testing/wait";
import { afterAll, beforeAll, expect, test } from "vitest";
import { packFiles } from "../../src/packages/upload/pack.ts";
import { calling } from "./functions.ts";
import { useApi } from "./use-api.ts";

const api = useApi("postgresql");
let wheels: string;

beforeAll(async () => {
  wheels = await mkdtemp(join(tmpdir(), "gaugelet-wheels-"));
  for (const version of ["1.0", "2.0"]) {
    const about = `greeter-${version}.dist-info`;
    const files = {
      "greeter.py": `VERSION = "${version}"\n`,
      [`${about}/METADATA`]: `Metadata-Version: 2.1\nName: greeter\nVersion: ${version}\n`,
      [`${about}/WHEEL`]: "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
      [`${about}/RECORD`]: `greeter.py,,\n${about}/METADATA,,\n${about}/WHEEL,,\n${about}/RECORD,,\n`,
    };
    const zip = await packFiles(
      new Map(Object.entries(files).map(([path, text]) => [path, Buffer.from(text)])),
    );
    await writeFile(join(wheels, `greeter-${version}-py3-none-any.whl`), zip);
  }
  // Where pip looks, and nowhere else.
  process.env.PIP_NO_INDEX = "1";
  process.env.PIP_FIND_LINKS = wheels;
});

afterAll(async () => {
  delete process.env.PIP_NO_INDEX;
  delete process.env.PIP_FIND_LINKS;
  await rm(wheels, { recursive: true, force: true });
});

const CODE = "import greeter\n\ndef handler(input, context):\n    return {'version': greeter.VERSION}\n";

function greeting(name: string, requirements: string, manifest: object = {}) {
  return {
    name,
    manifest: { handler: "handler.handler", triggers: [{ http: true }], state: "none", ...manifest },
    files: { "handler.py": CODE, "requirements.txt": requirements },
  };
}

test("packages are installed once for those who name the same, and each function has its own", async () => {
  const started = await api.start({ GAUGELET_DEPENDENCIES: "allow" });
  const { ask, folder } = started;
  const call = calling(started);
  for (const [name, requirements] of Object.entries({
    one: "greeter==1.0\n",
    same: "greeter==1.0\n",
    two: "greeter==2.0\n",
  })) {
    expect((await ask("POST", "/functions", greeting(name, requirements))).status).toBe(201);
  }
  expect((await call("one", {})).body).toEqual({ version: "1.0" });
  expect((await call("two", {})).body).toEqual({ version: "2.0" });
  expect((await call("same", {})).body).toEqual({ version: "1.0" });
  expect(await readdir(join(folder, "state/environments"))).toHaveLength(2);
});

test("at the level of a sandbox too, and for a script", async () => {
  const started = await api.start({ GAUGELET_DEPENDENCIES: "allow" });
  const { ask } = started;
  const call = calling(started);
  const script = {
    name: "script",
    manifest: { language: "script", handler: "main.py", triggers: [{ http: true }] },
    files: {
      "main.py": "import greeter, json\nprint(json.dumps({'version': greeter.VERSION}))\n",
      "requirements.txt": "greeter\n",
    },
  };
  await ask("POST", "/functions", greeting("sandboxed", "greeter<2\n", { isolation: "sandbox" }));
  expect((await ask("POST", "/functions", script)).status).toBe(201);
  expect((await call("sandboxed", {})).body).toEqual({ version: "1.0" });
  expect((await call("script", {})).body).toEqual({ version: "2.0" });
});

test("what cannot be installed is said, and the version before goes on", async () => {
  const started = await api.start({ GAUGELET_DEPENDENCIES: "allow" });
  const { ask, log } = started;
  const call = calling(started);
  const { manifest, files } = greeting("greet", "greeter==1.0\n");
  await ask("POST", "/functions", greeting("greet", "greeter==1.0\n"));
  expect((await call("greet", {})).body).toEqual({ version: "1.0" });
  const change = { ...files, "requirements.txt": "greeter==3.0\n" };
  expect((await ask("PUT", "/functions/greet", { manifest, files: change })).status).toBe(200);
  await waitFor("what pip says", () => log.some(({ msg }) => /greeter==3\.0/.test(String(msg))));
  expect((await call("greet", {})).body).toEqual({ version: "1.0" });

  const option = { ...files, "requirements.txt": "--index-url http://10.0.0.1/\n" };
  const refused = await ask("PUT", "/functions/greet", { manifest, files: option });
  expect(refused.status).toBe(422);
  expect(JSON.stringify(refused.body)).toContain("no options, paths and addresses");
});

test("packages of npm are found by modules, and one that is not there is told", async () => {
  const registry = await startRegistry("npm-greeter", "export const version = '1.2.0';\n");
  const started = await api.start({ GAUGELET_DEPENDENCIES: "allow" });
  const function_ = (name: string, wanted: string) => ({
    name,
    manifest: { handler: "handler.handler", language: "javascript", triggers: [{ http: true }] },
    files: {
      "handler.mjs": "import { version } from 'npm-greeter';\nexport const handler = () => ({ version });\n",
      "package.json": JSON.stringify({ dependencies: { "npm-greeter": wanted } }),
    },
  });
  try {
    for (const [name, wanted] of Object.entries({ there: "^1.0.0", gone: "^9.0.0" })) {
      expect((await started.ask("POST", "/functions", function_(name, wanted))).status).toBe(201);
    }
    const call = calling(started);
    expect((await call("there", {})).body).toEqual({ version: "1.2.0" });
    expect(JSON.stringify((await call("gone", {})).body)).toContain("packages cannot be installed");
    expect(await readdir(join(started.folder, "state/environments"))).toHaveLength(1);

    // The address of a lock is not gone to, whatever it is.
    const { files, ...rest } = function_("locked", "1.2.0");
    const { integrity } = registry;
    const entry = { version: "1.2.0", resolved: "http://127.0.0.1:9/npm-greeter.tgz", integrity };
    const lock = {
      lockfileVersion: 3,
      packages: { "": { dependencies: { "npm-greeter": "1.2.0" } }, "node_modules/npm-greeter": entry },
    };
    await started.ask("POST", "/functions", {
      ...rest,
      files: { ...files, "package-lock.json": JSON.stringify(lock) },
    });
    expect((await call("locked", {})).body).toEqual({ version: "1.2.0" });
  } finally {
    await registry.stop();
  }
});

test("nothing is installed where the operator does not allow it, and a warning says so", async () => {
  const { ask } = await api.start();
  const { body } = await ask("POST", "/functions", greeting("greet", "greeter==1.0\n"));
  expect(JSON.stringify(body)).toContain("GAUGELET_DEPENDENCIES=allow");
});

/** A registry of npm with one package, version 1.2.0, which npm is told of until it stops. */
async function startRegistry(
  name: string,
  code: string,
): Promise<{ readonly integrity: string; stop(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), "gaugelet-npm-"));
  const manifest = { name, version: "1.2.0", type: "module", exports: "./index.js" };
  await writeFile(join(folder, "package.json"), JSON.stringify(manifest));
  await writeFile(join(folder, "index.js"), code);
  const { stdout } = await promisify(execFile)("npm", ["pack", "--json"], { cwd: folder });
  const [{ filename, integrity, shasum }] = JSON.parse(stdout);
  const tarball = await readFile(join(folder, filename));
  const server = createServer((request, response) => {
    const { port } = server.address() as AddressInfo;
    if (request.url?.endsWith(".tgz")) response.end(tarball);
    else if (request.url === `/${name}`) {
      const dist = { tarball: `http://127.0.0.1:${port}/${filename}`, integrity, shasum };
      const versions = { "1.2.0": { ...manifest, dist } };
      response.end(JSON.stringify({ name, "dist-tags": { latest: "1.2.0" }, versions }));
    } else response.writeHead(404).end("{}");
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const variables = {
    npm_config_registry: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    npm_config_cache: join(folder, "cache"),
  };
  Object.assign(process.env, variables);
  return {
    integrity,
    async stop() {
      for (const variable of Object.keys(variables)) delete process.env[variable];
      server.closeAllConnections();
      server.close();
      // npm, where it was cut short, may still write to its cache.
      await rm(folder, { recursive: true, force: true, maxRetries: 10 });
    },
  };
}
