import type { Command } from "commander";
import { Client } from "../client.ts";
import type { Context } from "../context.ts";
import { CommandFailure } from "../failure.ts";
import { loginFile, readLogins, writeLogins } from "../login-file.ts";
import { readHiddenLine } from "../read-secret.ts";

export function addLogin(program: Command, context: Context): void {
  program
    .command("login")
    .description(
      "keep a server's address and a token (--url, --token, else the first line of the standard input)",
    )
    .action(async () => {
      const { world, options, output } = context;
      const { url } = await context.connection();
      const token =
        options.token ??
        (world.environment.GAUGELET_TOKEN || undefined) ??
        (await readHiddenLine(world, `token for ${url}: `));
      if (token.trim() === "")
        throw new CommandFailure("usage", "expected a token: --token, or the standard input");
      const connection = { url, token: token.trim(), tokenSource: "this login", isLoggingIn: true } as const;
      const me = await new Client(connection).ask<{ user: string; role: string }>("GET", "/me");
      const file = loginFile(world.environment);
      const { tokens } = await readLogins(file);
      await writeLogins(file, { current: url, tokens: { ...tokens, [url]: connection.token } });
      output.result({ url, ...me, file }, () => [
        `logged in to ${url} as ${me.user} (${me.role}); kept in ${file}`,
      ]);
    });

  program
    .command("logout")
    .description("forget the token of a server")
    .action(async () => {
      const { url } = await context.connection();
      const file = loginFile(context.world.environment);
      const { current, tokens } = await readLogins(file);
      const { [url]: forgotten, ...rest } = tokens;
      await writeLogins(file, { current: current === url ? undefined : current, tokens: rest });
      const was = forgotten !== undefined;
      context.output.result({ url, forgotten: was }, () => [
        was
          ? `the token of ${url} is forgotten; gaugelet token revoke ends it for good`
          : `there was no token of ${url}`,
      ]);
    });
}
