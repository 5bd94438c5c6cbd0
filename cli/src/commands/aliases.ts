import type { Command } from "commander";
import type { Context } from "../context.ts";
import { versionNumber } from "../version-number.ts";

interface FunctionAliases {
  readonly aliases: Readonly<Record<string, number>>;
}

export function addAliases(program: Command, context: Context): void {
  const aliases = program
    .command("aliases")
    .description("names of a function's versions, which stand wherever a version is said");

  aliases
    .command("list <function>", { isDefault: true })
    .description("the aliases of a function, and their versions")
    .action(async (name: string) => {
      const about = await (await context.client()).ask<FunctionAliases>("GET", pathOf(name));
      const items = Object.entries(about.aliases)
        .map(([alias, version]) => ({ alias, version }))
        .sort((a, b) => (a.alias < b.alias ? -1 : 1));
      context.output.table(
        items,
        [
          { title: "ALIAS", value: ({ alias }) => alias },
          { title: "VERSION", value: ({ version }) => version },
        ],
        `${name} has no aliases`,
      );
    });

  aliases
    .command("set <function> <alias> <version>")
    .description("have an alias stand for a version: its number, or that of another alias")
    .action(async (name: string, alias: string, said: string) => {
      const client = await context.client();
      const version = await versionNumber(client, name, said);
      const about = await client.ask<FunctionAliases>("PUT", pathOf(name, alias), { body: { version } });
      context.output.result(about, () => [`${alias} of ${name} is version ${version}`]);
    });

  aliases
    .command("delete <function> <alias>")
    .description("take an alias away; its version stays")
    .action(async (name: string, alias: string) => {
      await (await context.client()).ask("DELETE", pathOf(name, alias));
      context.output.result({ function: name, alias, deleted: true }, () => [
        `${name} has no alias ${alias} any more`,
      ]);
    });
}

function pathOf(name: string, alias?: string): string {
  const path = `/functions/${encodeURIComponent(name)}`;
  return alias === undefined ? path : `${path}/aliases/${encodeURIComponent(alias)}`;
}
