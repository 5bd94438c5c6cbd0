import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { waitFor } from "@gaugelet/testing/wait";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { DATABASES } from "../../runtime/test/api/test-database.ts";
import { useApi } from "../../runtime/test/api/use-api.ts";

const PROGRAM = fileURLToPath(new URL("../src/main.ts", import.meta.url));
const QUIET = "--disable-warning=ExperimentalWarning";

/** What a user with a shell and nothing else does, from an empty server on. */
describe.each(DATABASES)("on %s", (kind) => {
  const api = useApi(kind);
  let home: string;
  let environment: Record<string, string>;
  const following: (() => Promise<void>)[] = [];
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), "gaugelet-story-"));
  });
  afterEach(async () => {
    for (const stop of following.splice(0)) await stop();
    await rm(home, { recursive: true, force: true });
  });

  function start(args: readonly string[]) {
    return spawn(process.execPath, [QUIET, PROGRAM, ...args], {
      cwd: home,
      env: { PATH: process.env.PATH, HOME: home, ...environment },
    });
  }

  /** Run the command, which has to succeed. @returns what it prints */
  async function gaugelet(args: readonly string[], input = ""): Promise<string> {
    const child = start(args);
    child.stdin.end(input);
    const ended = once(child, "close");
    const [out, error] = await Promise.all([text(child.stdout), text(child.stderr)]);
    const [code] = await ended;
    expect({ args, code, error: code === 0 ? "" : error }).toEqual({ args, code: 0, error: "" });
    return out;
  }

  // biome-ignore lint/suspicious/noExplicitAny: tests look into it as they expect it to be.
  async function json(...args: string[]): Promise<any> {
    return JSON.parse(await gaugelet(["--json", ...args]));
  }

  /** Have `logs --follow` run beside the rest. @returns what it has printed so far */
  function follow(name: string): () => string {
    const child = start(["logs", name, "--follow"]);
    let said = "";
    child.stdout.on("data", (chunk: Buffer) => {
      said += chunk.toString();
    });
    const ended = once(child, "close");
    following.push(async () => {
      child.kill("SIGTERM");
      await ended;
    });
    return () => said;
  }

  test("from a token to a bill", async () => {
    const { url, token: first } = await api.start();

    // A token of one's own, and a login with it.
    environment = { GAUGELET_URL: url, GAUGELET_TOKEN: first };
    const token = (await gaugelet(["token", "create", "laptop"])).trim();
    expect(token).toMatch(/^gaugelet_\S+$/);
    environment = {};
    await gaugelet(["--url", url, "login"], `${token}\n`);
    expect((await json("token", "list")).map(({ name }: { name: string }) => name)).toContain("laptop");

    // Two functions, in Python and in TypeScript.
    await gaugelet(["init", "average", "--template", "topic", "--language", "python"]);
    const handler = join(home, "average/handler.py");
    const code = await readFile(handler, "utf8");
    await writeFile(
      handler,
      code.replace("    window =", '    print("value", input["value"])\n    window ='),
    );
    expect(await gaugelet(["deploy", "average"])).toBe("average: version 1 deployed, and loaded\n");
    await gaugelet(["init", "unusual", "--template", "anomaly", "--language", "typescript"]);
    expect(await gaugelet(["deploy", "unusual"])).toBe("unusual: version 1 deployed, and loaded\n");
    expect(await gaugelet(["deploy", "unusual"])).toBe("unusual is as it was: version 1, and loaded\n");
    const called = await waitFor("the TypeScript function to answer", async () => {
      return await json("invoke", "unusual", '{"value":5}').catch(() => undefined);
    });
    expect(called).toMatchObject({ status: "completed", output: { value: 5, score: 0 } });

    // Code that cannot work is refused, with its place.
    await writeFile(join(home, "unusual/broken.ts"), "export const x = ;\n");
    const broken = start(["deploy", "unusual"]);
    expect(await text(broken.stderr)).toMatch(/^broken\.ts:1:\d+: error: /m);
    await rm(join(home, "unusual/broken.ts"));

    // Events, and what the function writes about them.
    const logs = follow("average");
    const events = [1, 2, 3].map((value) => JSON.stringify({ value })).join("\n");
    // Functions that read a topic make none: it is there from the first event on, or made before.
    await gaugelet(["topics", "create", "measurements"]);
    expect(await gaugelet(["publish", "measurements"], events)).toBe("3 events published\n");
    await waitFor("the log lines", () => /value 1.*value 2.*value 3/s.test(logs()));

    // Runs: all, those of a function, and one in full.
    const runs = await waitFor("all runs", async () => {
      const found = await json("runs", "--function", "average", "--status", "completed");
      return found.length === 3 ? found : undefined;
    });
    expect(runs[0]).toMatchObject({ function: "average", trigger: "topic", versionNumber: 1 });
    const run = await json("runs", "show", runs[0].id);
    expect(run).toMatchObject({ input: { value: 3 }, output: { average: 2, count: 3 } });
    // Events that are in flight together may have each other's lines.
    const shown = await Promise.all(runs.map(({ id }: { id: string }) => gaugelet(["runs", "show", id])));
    expect(shown.join("\n")).toContain("value 3");

    // A second version, how it differs, and the way back.
    await writeFile(handler, code.replace("sum(window) / len(window)", "max(window)"));
    expect(await gaugelet(["diff", "average"])).toMatch(/^\+.*max\(window\)/m);
    expect(await gaugelet(["deploy", "average", "--comment", "the greatest"])).toBe(
      "average: version 2 deployed, and loaded\n",
    );
    expect(await gaugelet(["diff", "average"])).toBe("average is the same as version 2\n");
    expect(await gaugelet(["rollback", "average"])).toBe("average: version 1 runs\n");
    expect(await json("functions", "show", "average")).toMatchObject({ version: 1 });

    // What the second version would have made of the same inputs.
    const compared = await json("replay", "average", "--with", "2");
    expect(compared).toMatchObject({ status: "completed", done: 3, newFailures: 0 });
    expect(compared.runs.at(-1)).toMatchObject({ isEqual: false, new: { output: { average: 3, count: 3 } } });

    // What all of that costs, the comparison too.
    const [bill] = await waitFor("a bill with all runs", async () => {
      const bills = await json("bill");
      const counts = bills[0]?.lines.map((line: { function: string; runs: number }) => [
        line.function,
        line.runs,
      ]);
      return JSON.stringify(counts)?.includes('["average",6]') ? bills : undefined;
    });
    expect(bill.owner).toBe("admin");
    const printed = await gaugelet(["bill"]);
    expect(printed).toMatch(/^bill of admin for \d{4}-\d{2}$/m);
    expect(printed).toMatch(/^average +standard +6 /m);
    expect(printed).toContain(`total ${bill.total} ${bill.currency}`);
    expect(await gaugelet(["usage", "--group", "function"])).toMatch(/^average +6 /m);
  });
});
