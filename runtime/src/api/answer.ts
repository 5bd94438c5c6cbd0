import type { IncomingHttpHeaders } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Request, Response } from "express";
import type { z } from "zod";
import type { Caller } from "../access/caller.ts";
import { parseExactly } from "./exact-json.ts";
import { ApiProblem } from "./problems.ts";
import { readBytes } from "./read-bytes.ts";
import { type Route, type RouteDeclaration, StreamedAnswer } from "./route.ts";

const USUAL_BODY_BYTES = 1024 ** 2;
const MAX_PROBLEMS_TOLD = 20;
/** Of routes that anybody may ask. */
const NOBODY: Caller = { user: "", role: "viewer", by: "token", address: "" };

/** Check a request, have it answered, and send that. */
export async function answerRoute(
  { declaration, handle }: Route,
  caller: Caller | undefined,
  request: Request,
  response: Response,
): Promise<void> {
  const gone = new AbortController();
  response.on("close", () => gone.abort());
  const answer = await handle({
    params: check(declaration.params, request.params, "path"),
    query: check(declaration.query, request.query, "query"),
    body: declaration.body && check(declaration.body, await readJson(declaration, request), "body"),
    stream: checkedStream(declaration, request),
    headers: singleHeaders(request.headers),
    caller: caller ?? NOBODY,
    signal: gone.signal,
  });
  response.status(declaration.status);
  if (answer instanceof StreamedAnswer) await sendStream(response, declaration, answer);
  else if (declaration.status === 204) response.end();
  else response.json(declaration.answer === undefined ? answer : declaration.answer.parse(answer));
}

function check(schema: z.ZodType | undefined, value: unknown, place: string): unknown {
  if (schema === undefined) return undefined;
  const checked = schema.safeParse(value);
  if (checked.success) return checked.data;
  const errors = checked.error.issues
    .slice(0, MAX_PROBLEMS_TOLD)
    .map(({ path, message }) => ({ in: place, field: path.join("."), detail: message }));
  const told = errors.slice(0, 3).map(({ field, detail }) => `${place}${field && `: ${field}`}: ${detail}`);
  throw new ApiProblem("invalid-request", told.join("; "), { errors });
}

async function readJson(declaration: RouteDeclaration, request: Request): Promise<unknown> {
  const length = request.headers["content-length"];
  if (length === "0" || (length === undefined && request.headers["transfer-encoding"] === undefined)) {
    // A body whose every field has a default may be left out.
    return {};
  }
  if (request.is("application/json") === false) {
    throw new ApiProblem("unsupported-media-type", "expected content-type: application/json");
  }
  const bytes = await readBytes(request, declaration.maxBodyBytes ?? USUAL_BODY_BYTES);
  try {
    return parseExactly(bytes.toString());
  } catch (error) {
    throw new ApiProblem("invalid-request", `body: expected JSON: ${(error as Error).message}`);
  }
}

function checkedStream({ bytes }: RouteDeclaration, request: Request): Readable {
  if (bytes !== undefined && !request.is([...bytes])) {
    throw new ApiProblem("unsupported-media-type", `expected content-type: ${bytes.join(" or ")}`);
  }
  return request;
}

function singleHeaders(headers: IncomingHttpHeaders): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(", ") : value]),
  );
}

async function sendStream(
  response: Response,
  { streams }: RouteDeclaration,
  { body, headers }: StreamedAnswer,
): Promise<void> {
  response.set({ "content-type": streams ?? "application/octet-stream", ...headers });
  if (!(body instanceof Readable)) {
    response.end(body);
    return;
  }
  response.flushHeaders();
  // A client that goes is no error.
  await pipeline(body, response).catch(() => {});
}
