import { eq } from "drizzle-orm";
import type { Database } from "../database/database.ts";
import { packages } from "../database/schema.ts";

/**
 * The zip of a package.
 *
 * @throws Error where there is none, or the database is away.
 */
export async function readPackage(db: Database, digest: string): Promise<Buffer> {
  const [found] = await db.select({ zip: packages.zip }).from(packages).where(eq(packages.digest, digest));
  if (found === undefined) throw new Error("the catalog has it no more");
  return found.zip;
}
