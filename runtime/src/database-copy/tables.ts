import type pg from "pg";

/** A table of the database, without those that a part of it is kept in. */
export interface Table {
  readonly name: string;
  /** What numbers its rows, by its quoted name; null: nothing does. */
  readonly sequence: string | null;
}

/** All tables but that of migrations; those that others refer to come first. */
export async function tablesOf(client: pg.ClientBase): Promise<Table[]> {
  const { rows } = await client.query<Table>(`
    select
      relname as name,
      (
        select pg_get_serial_sequence(quote_ident(relname), attname) from pg_attribute
        where attrelid = pg_class.oid and attnum > 0
          and pg_get_serial_sequence(quote_ident(relname), attname) is not null
      ) as sequence
    from pg_class
    where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition
      and relname <> 'migrations'
    order by exists (select from pg_constraint where conrelid = pg_class.oid and contype = 'f'), relname
  `);
  return rows;
}
