import { expect, test } from "vitest";
import { command } from "./command.ts";

async function complete(...words: string[]): Promise<string[]> {
  return (await command(["complete", "--", ...words])).out.trim().split("\n");
}

test("commands, their commands and their options are completed", async () => {
  expect(await complete()).toEqual(expect.arrayContaining(["init", "deploy", "topics", "--url", "--json"]));
  expect(await complete()).not.toContain("complete");
  expect(await complete("topics")).toEqual(expect.arrayContaining(["list", "create", "delete"]));
  expect(await complete("topics", "create", "t")).toEqual(
    expect.arrayContaining(["--keep-for", "--partitions"]),
  );
  expect(await complete("topics", "create", "--partitions")).toEqual([""]);
  expect(await complete("init", "--template")).toEqual(["moving-average", "anomaly", "webhook", "topic"]);
  expect(await complete("--json", "runs")).not.toContain("--json");
});

test.each(["bash", "zsh", "fish"])("there is a script for %s, which asks the command", async (shell) => {
  const { code, out } = await command(["completion", shell]);
  expect(out).toContain("gaugelet complete -- ");
  expect(code).toBe(0);
});
