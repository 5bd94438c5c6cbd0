import type { Readable } from "node:stream";
import type { z } from "zod";
import type { Caller } from "../access/caller.ts";
import type { Role } from "../database/schema/access.ts";
import type { ApiProblemCode } from "./problems.ts";

type Shape = z.ZodType;

/** How a path of the API is asked and what it answers: the source of the checks and of the OpenAPI document. */
export interface RouteDeclaration<
  Params extends Shape = Shape,
  Query extends Shape = Shape,
  Body extends Shape = Shape,
  Answer extends Shape = Shape,
> {
  readonly method: "get" | "post" | "put" | "patch" | "delete";
  /** Below `/api/v1`, with parameters as `{name}`. */
  readonly path: string;
  /** Unique; clients are generated with it, such as `listFunctions`. */
  readonly operationId: string;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  /** Who may ask at least; `null`: whoever can reach the server. Owners are checked by the handler. */
  readonly role: Role | null;
  readonly params?: Params;
  readonly query?: Query;
  /** JSON; `undefined`: no body is taken. */
  readonly body?: Body;
  /** Bytes instead of JSON: the media types that are taken; the handler reads the stream. */
  readonly bytes?: readonly string[];
  /** Greatest length of the body in bytes; 1 MiB unless said. */
  readonly maxBodyBytes?: number;
  /** Status of success. */
  readonly status: 200 | 201 | 202 | 204;
  /** What success answers; `undefined`: nothing (204), or a stream of {@link streams}. */
  readonly answer?: Answer;
  /** What a request is answered with (202) that is done later: see {@link AcceptedAnswer}. */
  readonly accepted?: Shape;
  /** Media type of an answer that is not JSON, such as `text/event-stream` or `text/csv`. */
  readonly streams?: string;
  /** Further ones that a {@link StreamedAnswer} may have, which says so in its headers. */
  readonly otherTypes?: readonly string[];
  /** Problems of its own, besides those that every route has. */
  readonly problems: readonly ApiProblemCode[];
}

/** A request, checked. */
export interface ApiRequest<Params, Query, Body> {
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  /** The body of a route with `bytes`. */
  readonly stream: Readable;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly caller: Caller;
  /** Aborts when the client goes, or may not follow a stream any more. */
  readonly signal: AbortSignal;
}

/** An answer that is not the plain JSON of its route. */
export class StreamedAnswer {
  readonly body: string | Buffer | Readable;
  readonly headers: Readonly<Record<string, string>>;

  constructor(body: string | Buffer | Readable, headers: Readonly<Record<string, string>> = {}) {
    this.body = body;
    this.headers = headers;
  }
}

/** The answer to a request that is done later. */
export class AcceptedAnswer {
  readonly value: unknown;

  constructor(value: unknown) {
    this.value = value;
  }
}

type Output<T> = T extends Shape ? z.output<T> : undefined;
type Input<T> = T extends Shape ? DeepReadonly<z.input<T>> : undefined;
/** Answers are read, never written to. */
type DeepReadonly<T> = T extends Date
  ? T
  : T extends readonly (infer Item)[]
    ? readonly DeepReadonly<Item>[]
    : T extends object
      ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
      : T;

/** A declaration with what answers it. */
export interface Route {
  readonly declaration: RouteDeclaration;
  readonly handle: (request: ApiRequest<unknown, unknown, unknown>) => Promise<unknown>;
}

/**
 * Bind what answers a route to its declaration.
 *
 * @param handle throws ApiProblem where it cannot answer; its result is what the declaration's `answer` takes.
 */
export function route<P extends Shape, Q extends Shape, B extends Shape, A extends Shape>(
  declaration: RouteDeclaration<P, Q, B, A>,
  handle: (
    request: ApiRequest<Output<P>, Output<Q>, Output<B>>,
  ) => Promise<Input<A> | StreamedAnswer | AcceptedAnswer | undefined>,
): Route {
  return { declaration: declaration as unknown as RouteDeclaration, handle: handle as Route["handle"] };
}
