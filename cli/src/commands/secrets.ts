import type { Command } from "commander";
import type { Context } from "../context.ts";
import { CommandFailure } from "../failure.ts";
import { readHiddenText } from "../read-secret.ts";

interface Secret {
  readonly owner: string;
  readonly name: string;
  readonly updatedAt: string;
  readonly updatedBy: string;
}

interface SecretOptions {
  readonly owner?: string;
}

const OWNER = ["--owner <user>", "another user's; administrators may"] as const;

export function addSecrets(program: Command, context: Context): void {
  const secrets = program
    .command("secrets")
    .description("keep values for functions that name them under secrets, and delete them");

  secrets
    .command("list", { isDefault: true })
    .description("names of secrets; their values are never told")
    .option(...OWNER)
    .action(async ({ owner }: SecretOptions) => {
      const items = await (await context.client()).list<Secret>("/secrets", { owner }, 10_000);
      context.output.table(
        items,
        [
          { title: "NAME", value: ({ name }) => name },
          { title: "OWNER", value: (row) => row.owner },
          { title: "CHANGED", value: ({ updatedAt }) => updatedAt },
          { title: "BY", value: ({ updatedBy }) => updatedBy },
        ],
        "no secrets",
      );
    });

  secrets
    .command("set <name>")
    .description("keep a secret: its value is the standard input, without the end of the last line")
    .option(...OWNER)
    .action(async (name: string, { owner }: SecretOptions) => {
      const value = await readHiddenText(context.world, `value of ${name}: `);
      if (value === "") throw new CommandFailure("usage", "expected a value on the standard input");
      const path = `/secrets/${encodeURIComponent(name)}`;
      const kept = await (await context.client()).ask<Secret>("PUT", path, {
        query: { owner },
        body: { value },
      });
      context.output.result(kept, () => [
        `secret ${name} of ${kept.owner} is kept; functions have it when they start next`,
      ]);
    });

  secrets
    .command("delete <name>")
    .description("delete a secret")
    .option(...OWNER)
    .action(async (name: string, { owner }: SecretOptions) => {
      const path = `/secrets/${encodeURIComponent(name)}`;
      await (await context.client()).ask("DELETE", path, { query: { owner } });
      context.output.result({ name, deleted: true }, () => [`secret ${name} deleted`]);
    });
}
