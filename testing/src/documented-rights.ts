import { readFile } from "node:fs/promises";

/** The command by which the page about Redis gives a user its rights; the user's password is "password". */
export async function documentedRights(user: "exporter" | "runtime" | "asker"): Promise<string[]> {
  const page = await readFile(new URL("../../docs/reference/redis.md", import.meta.url), "utf8");
  const command = new RegExp(`^ACL SETUSER ${user} [^\`]*`, "m").exec(page)?.[0];
  if (command === undefined) throw new Error(`docs/reference/redis.md has no rights of ${user}`);
  return command.trim().split(/\s+/);
}
