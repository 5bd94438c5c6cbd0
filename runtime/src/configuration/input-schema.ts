import { ConfigurationError } from "@gaugelet/shared/configuration";
import type { Ajv, ErrorObject, Options, ValidateFunction } from "ajv";
import type { JsonSchema } from "./manifest.ts";

/** A place in an event that the schema does not allow. */
export interface InputProblem {
  /** JSON Pointer (RFC 6901); empty for the event itself. */
  readonly pointer: string;
  readonly message: string;
}

/** Checks events against the schema of a manifest. */
export interface InputSchema {
  /** The first problem, or none: what it costs does not grow with the number of problems. */
  check(event: unknown): readonly InputProblem[];
  /** Every problem. */
  checkAll(event: unknown): readonly InputProblem[];
}

const OPTIONS: Options = {
  // A keyword that does not exist is most likely a mistyped one, which would check nothing.
  strictSchema: true,
  strictTypes: false,
  strictTuples: false,
  // As the standard has it: a format describes, and does not check.
  validateFormats: false,
  // What is wrong is thrown.
  logger: false,
};

/**
 * Compile the schema in `input` of a manifest: draft 7 where its `$schema` says so, else 2020-12. The library
 * is loaded by the first function that has a schema.
 *
 * @throws ConfigurationError that names the manifest and what is wrong with the schema.
 */
export async function compileInputSchema(schema: JsonSchema, where: string): Promise<InputSchema> {
  const dialect = await dialectOf(schema);
  const compile = (options: Options): ValidateFunction => {
    const ajv = new dialect(options);
    if (ajv.validateSchema(schema) !== true) throw invalidSchema(ajv.errors?.[0]);
    const validate = ajv.compile(schema);
    // It would answer with a promise.
    if ("$async" in validate) throw new Error('unknown keyword: "$async"');
    return validate;
  };
  try {
    const first = compile(OPTIONS);
    const all = compile({ ...OPTIONS, allErrors: true });
    return {
      check: (event) => (first(event) ? [] : (first.errors ?? []).map(describe)),
      checkAll: (event) => (all(event) ? [] : (all.errors ?? []).map(describe)),
    };
  } catch (error) {
    const reason = (error as Error).message.replace(/^strict mode: /, "");
    throw new ConfigurationError(`${where}: input: expected a JSON Schema: ${reason}`, { cause: error });
  }
}

async function dialectOf(schema: JsonSchema): Promise<new (options: Options) => Ajv> {
  const isDraft7 = typeof schema === "object" && /draft-07/.test(String(schema.$schema));
  return isDraft7 ? (await import("ajv")).Ajv : (await import("ajv/dist/2020.js")).Ajv2020;
}

function invalidSchema(problem: ErrorObject | undefined): Error {
  return new Error(`${problem?.instancePath ?? ""} ${problem?.message ?? "it is none"}`.trim());
}

function describe({ instancePath, message, keyword, params }: ErrorObject): InputProblem {
  const text = message ?? `fails ${keyword}`;
  const detail: unknown =
    params.additionalProperty ?? params.unevaluatedProperty ?? params.allowedValues ?? params.allowedValue;
  return {
    pointer: instancePath,
    message: detail === undefined ? text : `${text}: ${JSON.stringify(detail)}`,
  };
}
