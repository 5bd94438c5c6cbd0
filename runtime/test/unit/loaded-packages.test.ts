import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const run = promisify(execFile);
const APP = new URL("../../src/app.ts", import.meta.url).href;
const PROGRAM = `
  import { registerHooks } from "node:module";
  const packages = new Set();
  registerHooks({
    load(url, context, next) {
      const [, name] = /\\/node_modules\\/((?:@[^/]+\\/)?[^/]+)\\/(?!.*\\/node_modules\\/)/.exec(url) ?? [];
      if (name !== undefined) packages.add(name);
      return next(url, context);
    },
  });
  await import(${JSON.stringify(APP)});
  console.log(JSON.stringify([...packages]));
`;

test("a runtime loads nothing of what only some of its features need, before one is used", async () => {
  const { stdout } = await run(process.execPath, ["--input-type=module", "--eval", PROGRAM]);
  const packages: readonly string[] = JSON.parse(stdout);
  expect(packages).toContain("ioredis");
  for (const one of ["drizzle-orm", "pg", "@electric-sql/pglite", "@platformatic/kafka"]) {
    expect(packages).not.toContain(one);
  }
});
