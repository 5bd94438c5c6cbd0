#!/usr/bin/env node
import { fileURLToPath } from "node:url";
import { endWithReader } from "./output.ts";
import { run } from "./run.ts";

endWithReader(process);

process.exitCode = await run(process.argv.slice(2), {
  environment: process.env,
  repository: fileURLToPath(new URL("../..", import.meta.url)),
  // npm runs our script in the folder of the repository, and says where it was called.
  folder: (process.env.npm_lifecycle_event === "gaugelet" && process.env.INIT_CWD) || process.cwd(),
  input: process.stdin,
  out: process.stdout,
  error: process.stderr,
});
