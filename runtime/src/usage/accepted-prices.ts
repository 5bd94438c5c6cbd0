import { sql } from "drizzle-orm";
import type { Database } from "../database/database.ts";
import type { AcceptedPrices } from "./price-book.ts";
import { priceListSchema } from "./price-list.ts";

/** The accepted price list in the database. */
export function acceptedPrices(db: Database): AcceptedPrices {
  /** As it is kept, which may be of an older Gaugelet. */
  let kept = "";
  return {
    async read() {
      const { rows } = await db.execute<{ list: string }>(sql`select list from price_lists where id = 1`);
      kept = rows[0]?.list ?? "";
      return rows[0] && priceListSchema.parse(JSON.parse(kept));
    },
    async write(list, before) {
      const text = JSON.stringify(list);
      const { rows } =
        before === undefined
          ? await db.execute(
              sql`insert into price_lists (id, list) values (1, ${text}) on conflict (id) do nothing returning 1`,
            )
          : await db.execute(
              sql`update price_lists set list = ${text}, accepted_at = now() where id = 1 and list = ${kept} returning 1`,
            );
      return rows.length > 0;
    },
  };
}
