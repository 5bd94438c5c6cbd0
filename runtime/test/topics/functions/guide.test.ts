import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { waitFor } from "@gaugelet/testing/wait";
import { expect, test } from "vitest";
import { ROOT, useRuntime } from "../../integration/harness.ts";

const runtime = useRuntime();
const run = promisify(execFile);
const TOTALS = "gaugelet:output:totals";

/** Run a line of the guide in a shell, with the Redis of this test. */
async function shell(line: string): Promise<string> {
  const program = `${process.execPath} ${join(ROOT, "runtime/src/topics-command/main.ts")}`;
  const { port } = runtime.redis;
  const command = line.replace("npm run -s topics --", program).replace("redis-cli", `redis-cli -p ${port}`);
  const env = { ...process.env, REDIS_PORT: String(port) };
  return (await run("sh", ["-c", command], { env })).stdout;
}

test("the guide about topics does what it says", async () => {
  const guide = await readFile(join(ROOT, "docs/guides/topics.md"), "utf8");
  const blocks = [...guide.matchAll(/^```(\w*)\n(.*?)^```/gms)].map(([, language = "", text = ""]) => ({
    language,
    text,
  }));
  const files = new Map<string, string>();
  for (const { text } of blocks) {
    const name = /^# try\/(\S+)\n/.exec(text)?.[1];
    if (name !== undefined) files.set(name, text);
  }
  expect([...files.keys()]).toEqual(["gaugelet.yaml", "clean.py", "totals.py"]);
  for (const [name, text] of files) await runtime.write(name, text);
  const lines = blocks.flatMap(({ language, text }) => (language === "sh" ? text.trim().split("\n") : []));
  const lineWith = (text: string): string => lines.find((line) => line.includes(text)) ?? `no ${text}`;
  const started = await runtime.start({
    GAUGELET_CONFIG: join(runtime.folder, "gaugelet.yaml"),
    GAUGELET_PRELOAD: "",
  });

  for (const name of ["Ada", '"Bob", "amount": "3"', '"ada", "amount": 7']) {
    expect(await shell(lineWith(name))).toBe("1 event published\n");
  }
  const answer = /answers `(.*)`\. Any program/.exec(guide)?.[1];
  await waitFor("the totals", async () => (await shell(lineWith("GET"))).trim() === answer);
  await shell(lineWith("XADD"));
  await runtime.output(({ bob }) => bob === 4, TOTALS);

  await shell(lineWith("Eve"));
  await started.logged(/event given up after 3 attempts/);
  const shown = await waitFor("a dead letter", async () => {
    const text = await shell(lineWith("dead clean"));
    return text.includes("Eve") && text;
  });
  const documented = blocks.find(({ language }) => language === "")?.text.includes("orders ──");
  expect(documented).toBe(true);
  const letter = blocks.find(({ text }) => text.includes("KeyError"))?.text ?? "";
  const shape = (text: string): string =>
    text.replaceAll(/\d{13}-\d+/g, "<id>").replace(/ \d{4}-\S+Z /, " <time> ");
  expect(shape(shown)).toBe(shape(letter));

  const fixed = (files.get("clean.py") ?? "").replace('input["amount"]', 'input.get("amount", 0)');
  await runtime.write("clean.py", fixed);
  await started.logged("the function changed; the new version took over");
  expect(await shell(lineWith("replay"))).toBe("1 replayed\n");
  await runtime.output(({ eve }) => eve === 0, TOTALS);
  expect(await shell(lineWith("lag clean"))).toBe("orders: 0 events\n");
});
