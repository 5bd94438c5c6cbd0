import { type Command, Option } from "commander";
import { atLeastOne } from "../arguments.ts";
import type { Context } from "../context.ts";
import { CommandFailure } from "../failure.ts";
import { failUnloaded, haveLoaded } from "../loading.ts";
import { shown } from "../output.ts";

interface FunctionView {
  readonly name: string;
  readonly owner: string;
  readonly state: string;
  readonly language: string;
  readonly version: number | null;
  readonly updatedAt: string | null;
  readonly loadProblem?: string | null;
}

export function addFunctions(program: Command, context: Context): void {
  const functions = program
    .command("functions")
    .description("look at functions, pause, delete and bring them back");

  functions
    .command("list", { isDefault: true })
    .description("functions that there are")
    .option("--owner <user>", "those of a user")
    .addOption(
      new Option("--state <state>", "in a state").choices(["serving", "paused", "deleted", "shadowed"]),
    )
    .option("--text <text>", "with this in their name or description")
    .option("--most <number>", "so many at most", atLeastOne, 1_000)
    .action(async ({ most, ...filter }: { most: number; [name: string]: string | number }) => {
      const items = await (await context.client()).list<FunctionView>("/functions", filter, most);
      context.output.table(
        items,
        [
          { title: "NAME", value: ({ name }) => name },
          { title: "VERSION", value: ({ version }) => version },
          { title: "STATE", value: ({ state }) => state },
          { title: "LANGUAGE", value: ({ language }) => language },
          { title: "OWNER", value: ({ owner }) => owner },
          { title: "UPDATED", value: ({ updatedAt }) => updatedAt },
          { title: "PROBLEM", value: ({ loadProblem }) => loadProblem },
        ],
        "no functions",
      );
    });

  functions
    .command("show <function>")
    .description("all about a function, and its versions")
    .action(async (name: string) => {
      const client = await context.client();
      const path = `/functions/${encodeURIComponent(name)}`;
      const [about, versions] = await Promise.all([
        client.ask<FunctionView & Record<string, unknown>>("GET", path),
        client.list<Record<string, unknown>>(`${path}/versions`, {}, 100).catch(noneOfFile),
      ]);
      context.output.result({ ...about, versions }, () => [
        ...Object.entries(about).map(([field, value]) => `${field}: ${shown(value)}`),
        ...versions.map(
          ({ version, isCurrent, createdAt, createdBy, comment }) =>
            `version ${shown(version)}${isCurrent === true ? ", runs" : ""}: ${shown(createdAt)} by ${shown(createdBy)}, ${shown(comment)}`,
        ),
      ]);
    });

  const changes = [
    ["pause", "POST", "/pause", "call a function no more", "is paused"],
    ["resume", "POST", "/resume", "call a paused function again", "is called again"],
    ["delete", "DELETE", "", "delete a function; undelete brings it back", "is deleted"],
    ["undelete", "POST", "/undelete", "bring a deleted function back", "is there again"],
  ] as const;
  for (const [verb, method, below, description, said] of changes) {
    functions
      .command(`${verb} <function>`)
      .description(description)
      .action(async (name: string) => {
        const path = `/functions/${encodeURIComponent(name)}${below}`;
        const answer = await (await context.client()).ask(method, path);
        context.output.result(answer ?? { name, deleted: true }, () => [`${name} ${said}`]);
      });
  }
}

/** A function of the configuration file has no versions: the server says that there is no such thing. */
function noneOfFile(error: unknown): [] {
  if (error instanceof CommandFailure && error.problem?.type === "/problems/not-found") return [];
  throw error;
}

export function addRollback(program: Command, context: Context): void {
  program
    .command("rollback <function> [version]")
    .description(
      "have an earlier version run: the one before, or the one that is said (a number or an alias)",
    )
    .action(async (name: string, version: string | undefined) => {
      const client = await context.client();
      const path = `/functions/${encodeURIComponent(name)}`;
      const wanted = version ?? (await versionBefore(context, name));
      const body = { version: /^\d+$/.test(String(wanted)) ? Number(wanted) : wanted };
      const answer = await client.ask<FunctionView>("POST", `${path}/rollback`, { body });
      const { output } = context;
      const load = await haveLoaded(client, name);
      const what = `${name} is back at version ${shown(answer.version)}`;
      failUnloaded(output, load, what, "gaugelet functions show lists its versions", { ...answer, load });
      output.result({ ...answer, load }, () => [`${name}: version ${shown(answer.version)} runs`]);
    });
}

async function versionBefore(context: Context, name: string): Promise<number> {
  const path = `/functions/${encodeURIComponent(name)}`;
  const client = await context.client();
  const versions = await client.list<{ version: number; isCurrent: boolean }>(`${path}/versions`, {}, 1_000);
  const current = versions.find(({ isCurrent }) => isCurrent)?.version ?? 0;
  const before = versions.filter(({ version }) => version < current).map(({ version }) => version);
  if (before.length === 0) throw new CommandFailure("failed", `${name} has no version before ${current}`);
  return Math.max(...before);
}
