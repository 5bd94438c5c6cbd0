/**
 * Codes of PostgreSQL and of the system that mean that it is away, not that it was asked wrongly: a standby in place of
 * the primary, a password that was changed, and a database that is being restored are so, too.
 */
const CODES =
  /^(08...|57P0.|53...|25006|25P0[34]|28...|3D000|ECONN.*|E(HOST|NET)(UNREACH|DOWN)|ENOTFOUND|EPIPE|ETIMEDOUT|EAI_AGAIN)$/;
/** What the client says where it has no code for it. */
const MESSAGES =
  /timeout exceeded when trying to connect|Connection terminated|Client has encountered a connection error|Query read timeout/;

/** Whether an error means that the database does not answer now. */
export function isDatabaseAway(error: unknown): boolean {
  const { code, message = "", cause } = error as { code?: string; message?: string; cause?: unknown };
  if (CODES.test(code ?? "") || MESSAGES.test(message)) return true;
  // Drizzle's error has that of the client as its cause.
  return cause !== undefined && cause !== null && isDatabaseAway(cause);
}

/** Codes of what PostgreSQL gives up: what takes longer than it may, or is in the way of something else. */
const GIVEN_UP = /^(57014|55P03|40001|40P01)$/;

/** Whether an error means that the database has given something up, all of it, and can be asked again. */
export function isGivenUp(error: unknown): boolean {
  return hasCode(error, GIVEN_UP);
}

/** Codes of values that PostgreSQL cannot keep: texts with the character 0, numbers and times out of range. */
const UNKEEPABLE = /^(22021|22P05|22P02|22003|22007|22008)$/;

/** Whether an error means that a value in the request is none that a database keeps. */
export function isUnkeepable(error: unknown): boolean {
  return hasCode(error, UNKEEPABLE);
}

/** Whether an error has such a code, or what it comes from. */
function hasCode(error: unknown, codes: RegExp): boolean {
  const { code, cause } = error as { code?: string; cause?: unknown };
  return codes.test(code ?? "") || (cause !== undefined && cause !== null && hasCode(cause, codes));
}
