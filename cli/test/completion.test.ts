import { createServer } from "node:http";
import { PassThrough } from "node:stream";
import { waitFor } from "@gaugelet/testing/wait";
import { expect, test } from "vitest";
import { everyCommand, gaugeletProgram } from "../src/program.ts";
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

test("no option of a command has the name of one of the program's, which would be taken for it", () => {
  const stream = new PassThrough();
  const world = { environment: {}, folder: "/", input: stream, out: stream, error: stream };
  const { program } = gaugeletProgram(world);
  const global = program.options.flatMap(({ long, short }) => [long, short]);
  const own = [...everyCommand(program)].filter((command) => command !== program);
  const taken = own.flatMap((command) =>
    command.options
      .filter(({ long, short }) => global.includes(long) || (short && global.includes(short)))
      .map(({ flags }) => `${command.name()} ${flags}`),
  );
  expect(taken).toEqual([]);
});

test("names of functions and topics are asked of the server that is meant, where it answers soon", async () => {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.headers.authorization} ${request.url}`);
    const names = request.url?.includes("/topics") ? ["orders"] : ["average", "$(reboot)"];
    response.end(JSON.stringify({ items: names.map((name) => ({ name })), next: null }));
  }).listen(0, "127.0.0.1");
  await waitFor("the server", () => server.listening);
  const { port } = server.address() as { port: number };
  const to = ["--url", `http://127.0.0.1:${port}`, "--token", "t"];
  expect(await complete(...to, "invoke")).toEqual(expect.arrayContaining(["average", "--file"]));
  expect(await complete(...to, "invoke")).not.toContain("$(reboot)");
  expect(await complete(...to, "functions", "show", "--json")).toContain("average");
  expect(await complete(...to, "runs", "list", "--function")).toEqual(["average"]);
  expect(await complete(...to, "publish")).toContain("orders");
  expect(asked).toContain("Bearer t /api/v1/functions?limit=1000");
  const before = asked.length;
  // Not where no name belongs.
  for (const words of [["invoke", "average"], ["functions"], ["publish", "--key"], ["--url"]]) {
    expect(await complete(...to, ...words)).not.toContain("average");
  }
  expect(asked.length).toBe(before);
  server.close();
  const away = await command(["complete", "--", ...to, "invoke"]);
  expect(away).toMatchObject({ code: 0, error: "", out: expect.stringMatching(/^--file\n/) });
});
