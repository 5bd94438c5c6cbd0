import { ConfigurationError } from "@gaugelet/shared/configuration";
import { DrizzleQueryError } from "drizzle-orm";
import { expect, test } from "vitest";
import { explainDatabaseError } from "../../src/database/explain.ts";

const REFUSED = Object.assign(new Error("connect ECONNREFUSED ::1:5432"), { code: "ECONNREFUSED" });
const TOLD = "connect ECONNREFUSED ::1:5432: nothing listens there; start PostgreSQL or check DATABASE_URL";

test("of a query the client's error is told, not the query and its values", () => {
  const query = new DrizzleQueryError("insert into tokens (digest)\nvalues ($1)", ["secret"], REFUSED);
  expect(explainDatabaseError(query)).toBe(TOLD);
});

test("of a host with several addresses the first is told", () => {
  expect(explainDatabaseError(new AggregateError([REFUSED, REFUSED]))).toBe(TOLD);
});

test("what speaks for itself is told as it is", () => {
  const cause = Object.assign(new Error("EACCES: permission denied"), { code: "EACCES" });
  const error = new ConfigurationError("secret-key: cannot be read: EACCES", { cause });
  expect(explainDatabaseError(error)).toBe("secret-key: cannot be read: EACCES");
});
