import type { ConformanceCase } from "./case.ts";
import { CALLS } from "./cases/calls.ts";
import { CONTEXT } from "./cases/context.ts";
import { ENV } from "./cases/env.ts";
import { LOADING } from "./cases/loading.ts";
import { LOGS } from "./cases/logs.ts";
import { OUTPUTS } from "./cases/outputs.ts";
import { PROCESS } from "./cases/process.ts";
import { STREAM } from "./cases/stream.ts";

/** All cases, by what they are about. */
export const AREAS: Readonly<Record<string, readonly ConformanceCase[]>> = {
  loading: LOADING,
  calls: CALLS,
  outputs: OUTPUTS,
  context: CONTEXT,
  env: ENV,
  logs: LOGS,
  stream: STREAM,
  process: PROCESS,
};
