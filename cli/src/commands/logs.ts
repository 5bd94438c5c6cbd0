import type { Command } from "commander";
import { upToOnePage } from "../arguments.ts";
import type { Context } from "../context.ts";
import { followEvents } from "../event-source.ts";
import { printable } from "../output.ts";

/** What a run wrote. */
interface RunLines {
  readonly run: string;
  readonly status: string;
  readonly finishedAt: string | null;
  readonly lines: readonly string[];
}

export function addLogs(program: Command, context: Context): void {
  program
    .command("logs <function>")
    .description("what a function wrote, oldest first")
    .option("-f, --follow", "go on with what it writes from now on, until Ctrl-C")
    .option("--most <runs>", "of so many runs at most, up to 1,000", upToOnePage, 20)
    .action(async (name: string, { follow, most }: { follow?: true; most: number }) => {
      const { output } = context;
      const client = await context.client();
      const path = `/functions/${encodeURIComponent(name)}/logs`;
      const told = new Set<string>();
      const tell = (run: RunLines): void => {
        if (told.has(run.run)) return;
        told.add(run.run);
        output.item(run, () =>
          run.lines.map((line) => printable(`${run.finishedAt ?? "-"}  ${line.trimEnd()}`)),
        );
      };
      const before = async (): Promise<void> => {
        const { items } = await client.ask<{ items: RunLines[] }>("GET", path, { query: { limit: most } });
        for (const run of items) tell(run);
      };
      if (!follow) {
        await before();
        if (told.size === 0 && !output.isJson) {
          output.note(
            `${name} has written nothing; whether it can be loaded: gaugelet functions show ${name}`,
          );
        }
        return;
      }
      const stopping = new AbortController();
      for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stopping.abort());
      // What comes while the list is read is in both, and told once.
      const opened = Promise.withResolvers<void>();
      const listed = opened.promise.then(before);
      // Told where it is waited for.
      listed.catch(() => {});
      const events = followEvents(client, path, { follow: true }, stopping.signal, () => {
        opened.resolve();
        output.progress(`following ${name}; Ctrl-C ends`);
      });
      for await (const { data } of events) {
        await listed;
        tell(data as RunLines);
      }
    });
}
