import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Request, Response } from "express";
import type { z } from "zod";
import type { Caller } from "../access/caller.ts";
import { parseJson } from "./parse-json.ts";
import { ApiProblem } from "./problems.ts";
import { readBytes, tooLarge } from "./read-bytes.ts";
import { AcceptedAnswer, type Route, type RouteDeclaration, StreamedAnswer } from "./route.ts";

const USUAL_BODY_BYTES = 1024 ** 2;
/** How often it is looked whether whoever follows a stream may still. */
const LOOK_AGAIN_MILLISECONDS = 2_000;
const MAX_PROBLEMS_TOLD = 20;
/** Of routes that anybody may ask. */
const NOBODY: Caller = { user: "", role: "viewer", by: "token", address: "" };

/**
 * Check a request, have it answered, and send that.
 *
 * @param mayStill whether the caller is still who they were: a stream ends where they are not.
 */
export async function answerRoute(
  { declaration, handle }: Route,
  caller: Caller | undefined,
  request: Request,
  response: Response,
  mayStill: () => Promise<boolean>,
): Promise<void> {
  const most = declaration.maxBodyBytes ?? USUAL_BODY_BYTES;
  // What says beforehand that it is too long is not read.
  if (Number(request.headers["content-length"]) > most) throw tooLarge(most);
  const gone = new AbortController();
  response.on("close", () => gone.abort());
  const answer = await handle({
    params: check(declaration.params, request.params, "path"),
    query: check(declaration.query, request.query, "query"),
    body: declaration.body && check(declaration.body, await readJson(request, most), "body"),
    stream: checkedStream(declaration, request),
    headers: singleHeaders(request.headersDistinct),
    caller: caller ?? NOBODY,
    signal: gone.signal,
  });
  if (answer instanceof AcceptedAnswer) {
    response.status(202).json(declaration.accepted?.parse(answer.value));
    return;
  }
  response.status(declaration.status);
  if (answer instanceof StreamedAnswer) {
    const look = async (): Promise<void> => {
      if (!(await mayStill())) gone.abort();
    };
    const timer = setInterval(() => void look(), LOOK_AGAIN_MILLISECONDS);
    await sendStream(response, declaration, answer).finally(() => clearInterval(timer));
  } else if (declaration.status === 204) response.end();
  else response.json(declaration.answer === undefined ? answer : declaration.answer.parse(answer));
}

function check(schema: z.ZodType | undefined, value: unknown, place: string): unknown {
  if (schema === undefined) return undefined;
  if (place !== "body" && Object.values(value as object).some(hasZero)) {
    throw new ApiProblem("invalid-request", `${place}: expected no character 0`);
  }
  const checked = schema.safeParse(value);
  if (checked.success) return checked.data;
  const errors = checked.error.issues
    .slice(0, MAX_PROBLEMS_TOLD)
    .map(({ path, message }) => ({ in: place, field: path.join("."), detail: message }));
  const told = errors.slice(0, 3).map(({ field, detail }) => `${place}${field && `: ${field}`}: ${detail}`);
  throw new ApiProblem("invalid-request", told.join("; "), { errors });
}

/** Where the programs that texts are handed to may take them to end. */
function hasZero(value: unknown): boolean {
  return Array.isArray(value) ? value.some(hasZero) : typeof value === "string" && value.includes("\0");
}

async function readJson(request: Request, most: number): Promise<unknown> {
  const length = request.headers["content-length"];
  if (length === "0" || (length === undefined && request.headers["transfer-encoding"] === undefined)) {
    // A body whose every field has a default may be left out.
    return {};
  }
  if (request.is("application/json") === false) {
    throw new ApiProblem("unsupported-media-type", "expected content-type: application/json");
  }
  if (request.headers["content-encoding"] !== undefined) {
    throw new ApiProblem("unsupported-media-type", "expected a body without content-encoding");
  }
  return parseJson(await readBytes(request, most));
}

function checkedStream({ bytes }: RouteDeclaration, request: Request): Readable {
  if (bytes !== undefined && !request.is([...bytes])) {
    throw new ApiProblem("unsupported-media-type", `expected content-type: ${bytes.join(" or ")}`);
  }
  return request;
}

/** Two values of one header say nothing: it is empty then. */
function singleHeaders(headers: IncomingMessage["headersDistinct"]): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, values]) => [name, values?.length === 1 ? values[0] : ""]),
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
  if (response.req.method === "HEAD") {
    body.destroy();
    response.end();
    return;
  }
  response.flushHeaders();
  // A client that goes is no error.
  await pipeline(body, response).catch(() => {});
}
