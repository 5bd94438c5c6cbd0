import { z } from "zod";
import { listAudit } from "../../access/audit-list.ts";
import type { Database } from "../../database/database.ts";
import { auditAnswer, toAudit } from "../contract/access.ts";
import { pageOf, pageQuery, readCursor, toPage } from "../pages.ts";
import { type Route, route } from "../route.ts";

const MAX_FILTER_CHARACTERS = 255;

/** The audit log, for administrators. */
export function auditRoutes(db: Database): Route[] {
  const text = z.string().min(1).max(MAX_FILTER_CHARACTERS).optional();
  const time = z.iso.datetime({ offset: true }).optional();
  return [
    route(
      {
        method: "get",
        path: "/audit",
        operationId: "listAudit",
        tag: "Audit log",
        summary: "Who changed what, the newest first",
        role: "admin",
        query: z.object({
          ...pageQuery,
          user: text,
          action: text,
          target: text,
          from: time.describe("From this time on"),
          to: time.describe("Before this time"),
        }),
        status: 200,
        answer: pageOf(auditAnswer),
        problems: [],
      },
      async ({ query: { limit, after, from, to, ...filter } }) => {
        const before = readCursor(z.int().min(1), after);
        const asked = { ...filter, from: dateOf(from), to: dateOf(to) };
        const rows = await listAudit(db, asked, limit + 1, before);
        return toPage(rows, limit, toAudit, ({ id }) => id);
      },
    ),
  ];
}

function dateOf(text: string | undefined): Date | undefined {
  return text === undefined ? undefined : new Date(text);
}
