import { z } from "zod";

/** YAML's numbers and truths are texts to json_exporter. */
const text = z.union([z.string(), z.number(), z.boolean()]).transform(String);

const metricSchema = z.looseObject({
  name: z.string().min(1),
  path: text,
  type: z.enum(["value", "object"]).default("value"),
  valuetype: z.enum(["gauge", "counter", "untyped"]).default("untyped"),
  engine: z.enum(["jsonpath", "cel"]).default("jsonpath"),
  help: text.optional(),
  labels: z.record(z.string(), text).default({}),
  values: z.record(z.string(), text).default({}),
  epochTimestamp: text.optional(),
  allow_missing_key: z.boolean().default(false),
});

const moduleSchema = z.looseObject({
  headers: z.record(z.string(), text).default({}),
  metrics: z.array(metricSchema).default([]),
  body: z.looseObject({ content: z.string().default(""), templatize: z.boolean().default(false) }).optional(),
  http_client_config: z.looseObject({}).optional(),
  valid_status_codes: z.array(z.number()).optional(),
});

/**
 * A configuration of json_exporter; before its version 0.4 it was one module alone.
 * Source: https://github.com/prometheus-community/json_exporter/blob/master/config/config.go
 */
export const jsonExporterSchema = z.union([
  z.looseObject({ modules: z.record(z.string(), moduleSchema) }),
  moduleSchema.transform((module) => ({ modules: { default: module } })),
]);

export type JsonExporterConfiguration = z.output<typeof jsonExporterSchema>;
export type JsonExporterModule = z.output<typeof moduleSchema>;
export type JsonExporterMetric = z.output<typeof metricSchema>;

/** Fields that are read; others are reported. */
export const KNOWN_FIELDS = {
  module: Object.keys(moduleSchema.shape),
  metric: Object.keys(metricSchema.shape),
} as const;
