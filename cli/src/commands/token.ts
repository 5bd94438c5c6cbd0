import { parseDuration } from "@gaugelet/shared/units";
import type { Command } from "commander";
import { InvalidArgumentError } from "commander";
import type { Context } from "../context.ts";

interface Token {
  readonly id: string;
  readonly user: string;
  readonly name: string;
  readonly createdAt: string;
  readonly expiresAt: string | null;
  readonly lastUsedAt: string | null;
}

interface CreateOptions {
  readonly user?: string;
  readonly expires?: string;
}

export function addToken(program: Command, context: Context): void {
  const token = program.command("token").description("make, list and revoke tokens");

  token
    .command("create <name>")
    .description("make a token; it is shown once, alone on the standard output")
    .option("--user <user>", "another user's; administrators may")
    .option("--expires <duration>", "ends after so long, such as 30d; never unless said", expiry)
    .action(async (name: string, { user, expires }: CreateOptions) => {
      const { output } = context;
      const body = { name, user, expiresAt: expires };
      const made = await (await context.client()).ask<Token & { token: string }>("POST", "/tokens", { body });
      output.progress(`token ${made.name} of ${made.user}; it is not shown again:`);
      output.result(made, () => [made.token]);
    });

  token
    .command("list", { isDefault: true })
    .description("tokens that are not revoked")
    .option("--user <user>", "another user's; administrators may")
    .action(async ({ user }: { user?: string }) => {
      const items = await (await context.client()).list<Token>("/tokens", { user }, 10_000);
      context.output.table(
        items,
        [
          { title: "ID", value: ({ id }) => id },
          { title: "USER", value: (row) => row.user },
          { title: "NAME", value: ({ name }) => name },
          { title: "CREATED", value: ({ createdAt }) => createdAt },
          { title: "EXPIRES", value: ({ expiresAt }) => expiresAt ?? "never" },
          { title: "LAST USED", value: ({ lastUsedAt }) => lastUsedAt ?? "never" },
        ],
        "no tokens",
      );
    });

  token
    .command("revoke <id>")
    .description("let a token count no more")
    .action(async (id: string) => {
      await (await context.client()).ask("DELETE", `/tokens/${encodeURIComponent(id)}`);
      context.output.result({ id, revoked: true }, () => [`token ${id} revoked`]);
    });
}

function expiry(text: string): string {
  const seconds = parseDuration(text);
  if (seconds === undefined || seconds <= 0)
    throw new InvalidArgumentError("expected a duration such as 12h or 30d");
  return new Date(Date.now() + seconds * 1000).toISOString();
}
