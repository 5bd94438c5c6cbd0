// The runtime, driven from inside: its functions are the targets. Configured as always, by the environment.
import { createLog } from "@gaugelet/shared/log";
import { startRuntime } from "../../src/app.ts";
import { readConfiguration } from "../../src/configuration/environment.ts";
import { type Call, obey } from "./drive.ts";

const runtime = await startRuntime(await readConfiguration(process.env), createLog("error"));
const targets = runtime.functions.map((callable): [string, Call] => [
  callable.definition.name,
  (body, answered) =>
    callable.call({ body, shard: "", idempotencyKey: undefined }, (answer) =>
      answered(answer.outcome === "ok" ? undefined : `${answer.outcome}: ${answer.message}`),
    ),
]);
await obey(Object.fromEntries(targets));
