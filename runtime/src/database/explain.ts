/** What to do, by the code of an error, or all of its message. */
const HINTS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nothing listens there; start PostgreSQL or check DATABASE_URL",
  ENOTFOUND: "no such host; check DATABASE_URL",
  ETIMEDOUT: "no answer; check DATABASE_URL and the network between",
  "timeout exceeded when trying to connect": "no answer; check DATABASE_URL and the network between",
  "28000": "check the user in DATABASE_URL, and the server's pg_hba.conf",
  "28P01": "check the user and the password in DATABASE_URL",
  "3D000": "make it with createdb, or check DATABASE_URL",
  "25006": "it is a standby, or set to read only; connect to the primary",
  "42501": "make the user of DATABASE_URL the owner of its database",
  "53100": "its disk is full; free some space",
  "53300": "raise max_connections; each runtime takes 8 at most",
  "55P03": "something held it for longer than lock_timeout of the user of DATABASE_URL allows",
  "57014": "it was cancelled, or took longer than statement_timeout of the user of DATABASE_URL allows",
};

/** Say what an error of the database means and what to do about it; of other errors, what they say. */
export function explainDatabaseError(error: unknown): string {
  const { code = "", message = String(error) } = clientErrorOf(error);
  const hint = HINTS[code] ?? HINTS[message];
  return hint === undefined ? message : `${message}: ${hint}`;
}

/**
 * Drizzle's error, which shows the whole query, has that of the client as its cause; a host may have several addresses.
 * It is known by what it has: a runtime without a database does not load Drizzle.
 */
function clientErrorOf(error: unknown): { readonly code?: string; readonly message?: string } {
  if (error instanceof Error && "query" in error && error.cause !== undefined) {
    return clientErrorOf(error.cause);
  }
  if (error instanceof AggregateError && error.errors.length > 0) return clientErrorOf(error.errors[0]);
  return error as Error;
}
