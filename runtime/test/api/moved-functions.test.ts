import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { waitFor } from "@gaugelet/testing/wait";
import { expect, test } from "vitest";
import { SUM } from "./functions.ts";
import { replay } from "./replay-functions.ts";
import { runsOf } from "./run-functions.ts";
import { useApi } from "./use-api.ts";
import { addUsers, tokenOf } from "./users.ts";

const api = useApi("embedded", addUsers);

const answering = (text: string) => `def handler(input, context):\n    return {'by': '${text}'}\n`;

test("a function of a file has nothing to do with one of its name that was deleted from the catalog", async () => {
  const started = await api.start();
  const { ask, folder, runtime } = started;
  const ada = tokenOf("ada");
  await ask("POST", "/functions", { ...SUM, files: { "handler.py": answering("catalog") } }, ada);
  await ask("DELETE", "/functions/sum", undefined, ada);
  expect((await ask("GET", "/functions/sum/dead-letters", undefined, ada)).status).toBe(200);

  await writeFile(join(folder, "handler.py"), answering("file"));
  const source = { name: "sum", owner: "bob", source: "./handler.py" };
  const file = { functions: [{ ...source, ...SUM.manifest }] };
  await writeFile(join(folder, "gaugelet.yaml"), JSON.stringify(file));
  await runtime.reload();
  await waitFor("the function", async () => {
    const { body } = await ask("POST", "/functions/sum/invocations", { input: {} });
    return body.output?.by === "file";
  });
  await runsOf(started, "function=sum&status=completed", 1);
  const { runs } = await replay(started, "sum", {});
  expect(runs).toMatchObject([{ isEqual: true, new: { output: { by: "file" } } }]);
  expect((await ask("POST", "/functions/sum/replays", { version: 1 })).body).toMatchObject({
    type: "/problems/invalid-request",
    detail: "body: version: there is no version 1 of sum, which is a function of a file",
  });
  const statusFor = async (token: string) =>
    (await ask("GET", "/functions/sum/dead-letters", undefined, token)).status;
  expect([await statusFor(ada), await statusFor(tokenOf("bob"))]).toEqual([404, 200]);
});
