import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const PROGRAM = fileURLToPath(new URL("../src/main.ts", import.meta.url));
const QUIET = "--disable-warning=ExperimentalWarning";

test("a reader that goes away ends the command without a word", async () => {
  const child = spawn(process.execPath, [QUIET, PROGRAM, "complete"]);
  child.stdout.destroy();
  const [error, [code]] = await Promise.all([text(child.stderr), once(child, "close")]);
  expect({ code, error }).toEqual({ code: 0, error: "" });
});

test("a reader of what is wrong that goes away changes nothing", async () => {
  const child = spawn(process.execPath, [QUIET, PROGRAM, "sing"]);
  child.stderr.destroy();
  const [out, [code]] = await Promise.all([text(child.stdout), once(child, "close")]);
  expect({ code, out }).toEqual({ code: 2, out: "" });
});
