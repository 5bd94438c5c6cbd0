/** As much of an OpenAPI document as the reference pages show. */
export interface ApiDocument {
  readonly info: { readonly title: string; readonly description: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

export interface Schema {
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly description?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly additionalProperties?: boolean | Schema;
}

export interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required: boolean;
  readonly description?: string;
  readonly schema: Schema;
}

type Content = Readonly<Record<string, { readonly schema?: Schema }>>;

export interface Operation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description: string;
  readonly parameters: readonly Parameter[];
  readonly requestBody?: { readonly required: boolean; readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content?: Content }>>;
}

/** An operation with where it is. */
export interface PlacedOperation extends Operation {
  readonly method: string;
  readonly path: string;
}

/** The operations of each tag, in the document's order. */
export function operationsByTag({ paths }: ApiDocument): Map<string, PlacedOperation[]> {
  const all = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      ...operation,
      method: method.toUpperCase(),
      path,
    })),
  );
  return Map.groupBy(all, ({ tags }) => tags[0] ?? "");
}

/** A field of a body or an answer. */
export interface Field {
  /** With a dotted path. */
  readonly name: string;
  readonly type: string;
  readonly isRequired: boolean;
  readonly description: string;
}

/** All fields of a schema, those inside others behind them. */
export function fieldsOf(schema: Schema | undefined, prefix = "", depth = 0): Field[] {
  if (schema === undefined || depth > 6) return [];
  if (schema.items !== undefined) return fieldsOf(schema.items, `${prefix.replace(/\.$/, "")}[].`, depth + 1);
  const inner = (schema.anyOf ?? schema.oneOf ?? []).flatMap((each) => fieldsOf(each, prefix, depth + 1));
  const own = Object.entries(schema.properties ?? {}).flatMap(([name, field]) => [
    {
      name: prefix + name,
      type: typeOf(field),
      isRequired: schema.required?.includes(name) ?? false,
      description: field.description ?? "",
    },
    ...fieldsOf(field, `${prefix}${name}.`, depth + 1),
  ]);
  const seen = new Set<string>();
  return [...own, ...inner].filter(({ name }) => !seen.has(name) && seen.add(name));
}

/** What a value may be, in a few words. */
export function typeOf(schema: Schema): string {
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices !== undefined) return [...new Set(choices.map(typeOf))].join(" or ");
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return schema.enum.map((each) => JSON.stringify(each)).join(", ");
  if (schema.items !== undefined) return `list of ${typeOf(schema.items)}`;
  const type = typeof schema.type === "string" ? schema.type : (schema.type?.join(" or ") ?? "any");
  const format = schema.format === undefined ? "" : ` (${schema.format})`;
  const fallback = schema.default === undefined ? "" : `, ${JSON.stringify(schema.default)} unless said`;
  return type + format + fallback;
}
