import { fileURLToPath } from "node:url";
import { kubectl } from "@gaugelet/stack/kubernetes/kubectl";
import { waitFor } from "@gaugelet/testing/wait";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  cleanUp,
  counted,
  expectExactly,
  inside,
  Load,
  PATIENCE_SECONDS,
  prepare,
  query,
  rolledOut,
  WORKLOADS,
} from "./on-cluster.ts";
import { buildPrevious, previousVersion } from "./previous.ts";

const CODE = `def handler(input, context):
    context.env["calls"] = context.env.get("calls", 0) + 1
    return {"calls": context.env["calls"]}
`;

/** What the API answers to its administrator, asked from inside of a runtime. */
async function api(method: string, path: string, body?: object): Promise<{ status: number; body: unknown }> {
  const program = `
    const token = require("node:fs").readFileSync("/etc/gaugelet-secrets/admin-token", "utf8").trim();
    const [method, url, body] = process.argv.slice(1);
    const headers = { authorization: "Bearer " + token, "content-type": "application/json" };
    fetch(url, { method, headers, ...(body && { body }) })
      .then(async (answer) => console.log(JSON.stringify({ status: answer.status, body: JSON.parse(await answer.text()) })));`;
  const sent = body === undefined ? [] : [JSON.stringify(body)];
  const url = `http://localhost:8420${path}`;
  return JSON.parse(
    await inside("exec", "deployment/runtime", "--", "node", "-e", program, method, url, ...sent),
  );
}

const version = await previousVersion();

describe(`an upgrade from ${version}, on the cluster that kubectl points at`, () => {
  let secondsBefore = 0;

  beforeAll(
    async () => {
      const { text, objects } = await buildPrevious(version);
      await prepare(objects);
      await kubectl(["apply", "--filename=-"], text);
      await rolledOut(...WORKLOADS).catch((error: Error) => {
        const how = `npm run images -- runtime exporter grafana --commit ${version} --tag previous`;
        throw new Error(`${error.message}. Are its images there? ${how}`);
      });
    },
    2 * PATIENCE_SECONDS * 1000,
  );

  afterAll(() => cleanUp(), PATIENCE_SECONDS * 1000);

  test("the version before has functions, states, runs and samples", async () => {
    const manifest = {
      language: "python",
      handler: "handler.handler",
      isolation: "process",
      triggers: [{ http: true }],
    };
    const made = await waitFor(
      "the API",
      async () => {
        const answer = await api("POST", "/api/v1/functions", {
          name: "remembers",
          manifest,
          files: { "handler.py": CODE },
        });
        return answer.status < 500 && answer;
      },
      PATIENCE_SECONDS,
    );
    expect(made).toMatchObject({ status: 201 });
    for (const calls of [1, 2, 3]) {
      expect(await api("POST", "/functions/remembers", {})).toEqual({ status: 200, body: { calls } });
    }
    await waitFor("its runs", async () => (await runs()).length === 3);
    await waitFor("samples", async () => (await query("up")).length > 3);
  });

  test("while events come, this version takes over, and each is counted once", async () => {
    secondsBefore = Math.floor(Date.now() / 1000);
    const load = new Load();
    await waitFor("events", async () => ((await counted())?.count ?? 0) > 500);
    await prepare([]);
    await kubectl(["apply", "--kustomize", fileURLToPath(new URL("cluster", import.meta.url))]);
    await rolledOut(...WORKLOADS);
    const before = (await counted())?.count ?? 0;
    await waitFor("events for the new one", async () => ((await counted())?.count ?? 0) > before + 500);
    const sent = await load.stop();
    await expectExactly(sent);
    const image = await inside("get", "deployment/runtime", "--output=jsonpath={..image}");
    expect(image).not.toContain("previous");
    console.log(`${sent} events over the upgrade from ${version}: 0 lost, 0 doubled`);
  });

  test("functions, states, runs and samples are those of before", async () => {
    await waitFor("the API", async () => (await api("GET", "/api/v1/functions/remembers")).status === 200);
    expect(await runs()).toHaveLength(3);
    const called = await waitFor("an answer", async () => {
      const answer = await api("POST", "/functions/remembers", {});
      return answer.status === 200 && answer;
    });
    expect(called.body).toEqual({ calls: 4 });
    // Samples of the runtime that is gone.
    expect(await query(`up{job="runtime"} @ ${secondsBefore}`)).not.toEqual([]);
  });
});

async function runs(): Promise<unknown[]> {
  const { body } = await api("GET", "/api/v1/runs?function=remembers");
  return (body as { items?: unknown[] }).items ?? [];
}
