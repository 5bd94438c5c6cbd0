import type { Command } from "commander";
import type { Context } from "../context.ts";
import { CommandFailure } from "../failure.ts";
import { printable, shown } from "../output.ts";
import { readInput } from "../read-input.ts";

interface Invocation {
  readonly run: string;
  readonly status: string;
  readonly output: unknown;
  readonly error: string | null;
  readonly traceback: string | null;
  readonly runSeconds: number | null;
}

interface InvokeOptions {
  readonly file?: string;
  readonly async?: true;
  readonly shard?: string;
  readonly idempotencyKey?: string;
}

export function addInvoke(program: Command, context: Context): void {
  program
    .command("invoke <function> [input]")
    .description("call a function with a JSON object: an argument, a file, or the standard input (-)")
    .option("--file <path>", "read the input from a file")
    .option("--async", "do not wait: answer with the id of the run")
    .option("--shard <name>", "of a function that keeps one state for each shard")
    .option("--idempotency-key <key>", "calls with one key are one run, for 24 hours")
    .action(async (name: string, argument: string | undefined, options: InvokeOptions) => {
      const { output } = context;
      const input = await readInput(context.world, argument, options.file);
      const rest = { mode: options.async ? "async" : "sync", ...(options.shard && { shard: options.shard }) };
      const { idempotencyKey: key } = options;
      const client = await context.client();
      const path = `/functions/${encodeURIComponent(name)}/invocations`;
      const request = {
        // As it was written: a number may have more digits than JavaScript keeps.
        body: `{"input":${input},${JSON.stringify(rest).slice(1)}`,
        ...(key && { headers: { "idempotency-key": key } }),
        isPatient: !options.async,
      };
      const answer = await client.ask<Invocation>("POST", path, request).catch((error: unknown) => {
        const traceback = error instanceof CommandFailure && error.problem?.traceback;
        if (typeof traceback === "string" && !output.isJson) output.note(printable(traceback.trimEnd()));
        throw error;
      });
      if (options.async) {
        output.result(answer, () => [`run ${answer.run} waits; see: gaugelet runs show ${answer.run}`]);
        return;
      }
      if (answer.status !== "completed") {
        if (answer.traceback !== null && !output.isJson) output.note(printable(answer.traceback.trimEnd()));
        throw new CommandFailure("failed", `run ${answer.run} ${answer.status}: ${shown(answer.error)}`, {
          ...answer,
        });
      }
      output.result(answer, () => [printable(JSON.stringify(answer.output, null, 2))]);
    });
}
