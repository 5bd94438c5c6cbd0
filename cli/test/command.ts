import { PassThrough, Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { run } from "../src/run.ts";

/** What a command came to. */
export interface Result {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

/** Run a command line in this process, where nobody sits at a terminal. */
export async function command(
  args: readonly string[],
  { folder = "/", input = "", environment = {} }: CommandOptions = {},
): Promise<Result> {
  const [out, error] = [new PassThrough(), new PassThrough()];
  const texts = Promise.all([text(out), text(error)]);
  const code = await run(args, {
    environment,
    folder,
    input: Readable.from([Buffer.from(input)]),
    out,
    error,
  });
  out.end();
  error.end();
  const [said, complained] = await texts;
  return { code, out: said, error: complained };
}

/** Where a command is run, and with what. */
export interface CommandOptions {
  readonly folder?: string;
  readonly input?: string;
  readonly environment?: Readonly<Record<string, string>>;
}
