import { z } from "zod";
import { openApiDocument } from "../openapi.ts";
import type { ApiDocument } from "../reference/document.ts";
import { referencePage } from "../reference/page.ts";
import { type Route, route, StreamedAnswer } from "../route.ts";

const VERSION = "1";

/** What the API says of itself. @param routes all of them, once they are all there. */
export function metaRoutes(routes: readonly Route[]): Route[] {
  // To put them together takes a tenth of a second, and anybody may ask for them.
  let document: Record<string, unknown> | undefined;
  let page: string | undefined;
  const wholeDocument = (): Record<string, unknown> => (document ??= openApiDocument(routes, VERSION));
  const wholePage = (): string => (page ??= referencePage(wholeDocument() as unknown as ApiDocument));
  return [
    route(
      {
        method: "get",
        path: "/openapi.json",
        operationId: "getOpenApi",
        tag: "API",
        summary: "This document",
        role: null,
        status: 200,
        answer: z.looseObject({}),
        problems: [],
      },
      async () => wholeDocument(),
    ),
    route(
      {
        method: "get",
        path: "/docs",
        operationId: "getReference",
        tag: "API",
        summary: "This document as a page to read",
        role: null,
        status: 200,
        streams: "text/html; charset=utf-8",
        problems: [],
      },
      async () =>
        new StreamedAnswer(wholePage(), {
          // The page is of one piece: nothing in it is fetched, and nothing runs.
          "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'",
        }),
    ),
  ];
}
