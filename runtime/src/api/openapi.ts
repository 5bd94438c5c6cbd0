import { z } from "zod";
import { API_PROBLEMS, type ApiProblemCode } from "./problems.ts";
import type { Route, RouteDeclaration } from "./route.ts";

/** Problems that every route with a role may answer with. */
const COMMON: readonly ApiProblemCode[] = [
  "invalid-request",
  "unauthenticated",
  "forbidden",
  "too-many-requests",
  "internal",
  "unavailable",
];

const problemSchema = {
  type: "object",
  description: "Problem details, RFC 9457",
  required: ["type", "title", "status", "detail"],
  properties: {
    type: { type: "string", format: "uri-reference" },
    title: { type: "string" },
    status: { type: "integer" },
    detail: { type: "string" },
  },
};

/** The OpenAPI 3.1 document of some routes. */
export function openApiDocument(routes: readonly Route[], version: string): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const { declaration } of routes) {
    const path = `/api/v1${declaration.path}`;
    paths[path] ??= {};
    paths[path][declaration.method] = operation(declaration);
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Gaugelet",
      version,
      description: "Functions, their versions, calls, runs, topics, usage and users.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/" }],
    security: [{ token: [] }],
    paths,
    components: {
      securitySchemes: { token: { type: "http", scheme: "bearer" } },
      schemas: { Problem: problemSchema },
    },
  };
}

function operation(declaration: RouteDeclaration): Record<string, unknown> {
  const { operationId, tag, summary, description, role, body, bytes, status, accepted } = declaration;
  return {
    operationId,
    tags: [tag],
    summary,
    description: [description, role === null ? "No token is needed." : `Needs the role ${role}.`]
      .filter(Boolean)
      .join("\n\n"),
    ...(role === null ? { security: [] } : { "x-required-role": role }),
    parameters: [...parameters(declaration.params, "path"), ...parameters(declaration.query, "query")],
    ...(body === undefined
      ? {}
      : { requestBody: { required: !takesNothing(body), content: json(jsonSchema(body, "input")) } }),
    ...(bytes === undefined
      ? {}
      : { requestBody: { required: true, content: Object.fromEntries(bytes.map((type) => [type, {}])) } }),
    responses: {
      [status]: { description: "Done", ...content(declaration) },
      ...(accepted === undefined
        ? {}
        : { 202: { description: "It is done later", content: json(jsonSchema(accepted, "output")) } }),
      ...problems(declaration),
    },
  };
}

function content({ streams, otherTypes = [], answer }: RouteDeclaration): Record<string, unknown> {
  const types = [...(streams === undefined ? [] : [streams]), ...otherTypes];
  const all = {
    ...Object.fromEntries(types.map((type) => [type, {}])),
    ...(answer === undefined ? {} : json(jsonSchema(answer, "output"))),
  };
  return Object.keys(all).length === 0 ? {} : { content: all };
}

function problems({ problems: own, role }: RouteDeclaration): Record<string, unknown> {
  const codes = [
    ...(role === null ? (["invalid-request", "internal", "unavailable"] as const) : COMMON),
    ...own,
  ];
  const byStatus = Map.groupBy(new Set(codes), (code) => API_PROBLEMS[code][0]);
  return Object.fromEntries(
    [...byStatus].map(([status, these]) => [
      status,
      {
        description: these.map((code) => `\`${code}\`: ${API_PROBLEMS[code][1]}`).join("; "),
        content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
      },
    ]),
  );
}

function takesNothing(body: z.ZodType): boolean {
  return body.safeParse({}).success;
}

function parameters(schema: z.ZodType | undefined, place: "path" | "query"): Record<string, unknown>[] {
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = jsonSchema(schema, "input") as {
    properties?: Record<string, Record<string, unknown>>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, { description, ...rest }]) => ({
    name,
    in: place,
    required: place === "path" || required.includes(name),
    ...(description === undefined ? {} : { description }),
    schema: rest,
  }));
}

function jsonSchema(schema: z.ZodType, io: "input" | "output"): Record<string, unknown> {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: "any" });
  return rest;
}

function json(schema: Record<string, unknown>): Record<string, unknown> {
  return { "application/json": { schema } };
}
