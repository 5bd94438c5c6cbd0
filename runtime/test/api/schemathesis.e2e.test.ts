import { execFile } from "node:child_process";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { type ApiDocument, operationsByTag } from "../../src/api/reference/document.ts";
import { PYTHON } from "../integration/harness.ts";
import { DATABASES } from "./test-database.ts";
import { type ApiUnderTest, useApi } from "./use-api.ts";

const CHECKS = [
  "not_a_server_error",
  "status_code_conformance",
  "content_type_conformance",
  "response_schema_conformance",
];
/** Of each operation, besides those that schemathesis makes of the document's bounds. */
const EXAMPLES = 8;
/** They can take the rights of whoever asks: schemathesis uses what it was answered before. */
const TAKING_RIGHTS = ["changeUser", "deleteUser", "revokeToken"];

describe.each(DATABASES)("the API on %s", (kind) => {
  const api = useApi(kind);

  test("answers whatever fits the document, or does not, as the document says", async () => {
    const started = await api.start();
    const document = (await (await fetch(`${started.url}/api/v1/openapi.json`)).json()) as ApiDocument;
    const endless = [...operationsByTag(document).values()]
      .flat()
      .filter(({ responses }) => "text/event-stream" in (responses["200"]?.content ?? {}))
      .map(({ operationId }) => operationId);
    await run(
      started,
      35,
      [...TAKING_RIGHTS, ...endless].map((name) => `--exclude-operation-id=${name}`),
    );
    // Else it would have been about nobody's requests.
    expect((await started.ask("GET", "/me")).body.role).toBe("admin");
    await run(
      started,
      10,
      TAKING_RIGHTS.map((name) => `--include-operation-id=${name}`),
    );
    // Budgets of nothing were among what it sent.
    const errors = started.log.filter(
      ({ level, msg }) => level === "error" && !/has spent the budget/.test(String(msg)),
    );
    expect(errors).toEqual([]);
  });
});

async function run(
  { url, token, folder }: ApiUnderTest,
  seconds: number,
  which: readonly string[],
): Promise<void> {
  const found = await promisify(execFile)(
    join(dirname(PYTHON), "schemathesis"),
    [
      "run",
      `${url}/api/v1/openapi.json`,
      `--header=Authorization: Bearer ${token}`,
      `--checks=${CHECKS.join(",")}`,
      "--phases=examples,coverage,fuzzing",
      `--max-examples=${EXAMPLES}`,
      `--max-time=${seconds}`,
      "--seed=1",
      "--generation-database=none",
      "--request-timeout=20",
      "--continue-on-failure",
      "--no-shrink",
      "--no-color",
      "--warnings=off",
      ...which,
    ],
    // It leaves what it found in the current folder.
    { maxBuffer: 64 * 1024 ** 2, cwd: folder },
  ).then(
    ({ stdout }) => ({ isWell: true, text: stdout }),
    ({ stdout, stderr }: { stdout: string; stderr: string }) => ({ isWell: false, text: stdout + stderr }),
  );
  expect(found.isWell, found.text).toBe(true);
  expect(found.text).toMatch(/\d+ generated/);
}
