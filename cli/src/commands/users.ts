import { Argument, type Command, Option } from "commander";
import type { Context } from "../context.ts";

interface User {
  readonly name: string;
  readonly role: string;
  readonly origin: string;
  readonly createdAt: string;
  readonly deletedAt: string | null;
}

const ROLES = ["viewer", "editor", "admin"] as const;

export function addUsers(program: Command, context: Context): void {
  const users = program
    .command("users")
    .description("look at users, make and delete them; administrators may");

  users
    .command("list", { isDefault: true })
    .description("users, by their names")
    .option("--deleted", "deleted ones too")
    .action(async ({ deleted }: { deleted?: true }) => {
      const items = await (await context.client()).list<User>("/users", { deleted }, 100_000);
      context.output.table(
        items,
        [
          { title: "NAME", value: ({ name }) => name },
          { title: "ROLE", value: ({ role }) => role },
          { title: "ROLE GIVEN BY", value: ({ origin }) => origin },
          { title: "CREATED", value: ({ createdAt }) => createdAt },
          { title: "DELETED", value: ({ deletedAt }) => deletedAt },
        ],
        "no users",
      );
    });

  users
    .command("create <name>")
    .description("make a user; gaugelet token create --user makes a token for it")
    .addOption(new Option("--role <role>", "what the user may do").choices(ROLES).default("editor"))
    .action(async (name: string, { role }: { role: string }) => {
      const made = await (await context.client()).ask<User>("POST", "/users", { body: { name, role } });
      context.output.result(made, () => [`user ${made.name} made: ${made.role}`]);
    });

  users
    .command("role")
    .description("give a user another role")
    .argument("<name>")
    .addArgument(new Argument("<role>").choices(ROLES))
    .action(async (name: string, role: string) => {
      const changed = await (await context.client()).ask<User>("PATCH", pathOf(name), { body: { role } });
      context.output.result(changed, () => [`user ${changed.name} is ${changed.role}`]);
    });

  users
    .command("delete <name>")
    .description("delete a user; restore brings it back")
    .action(async (name: string) => {
      await (await context.client()).ask("DELETE", pathOf(name));
      context.output.result({ name, deleted: true }, () => [`user ${name} deleted`]);
    });

  users
    .command("restore <name>")
    .description("bring a deleted user back, with the tokens that were not revoked")
    .action(async (name: string) => {
      const user = await (await context.client()).ask<User>("POST", `${pathOf(name)}/restore`);
      context.output.result(user, () => [`user ${user.name} is there again: ${user.role}`]);
    });
}

function pathOf(name: string): string {
  return `/users/${encodeURIComponent(name)}`;
}
