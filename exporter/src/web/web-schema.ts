import { durationSchema } from "@gaugelet/shared/units";
import { z } from "zod";
import { CIPHER_SUITES, CURVES, TLS_VERSIONS } from "./tls-names.ts";

/** Who has to show a certificate, as Go's tls.ClientAuthType has it. */
export const CLIENT_AUTH_TYPES = [
  "NoClientCert",
  "RequestClientCert",
  "RequireAnyClientCert",
  "VerifyClientCertIfGiven",
  "RequireAndVerifyClientCert",
] as const;

export type ClientAuthType = (typeof CLIENT_AUTH_TYPES)[number];

/** Set to nothing is not set. */
const text = z
  .string()
  .transform((value) => (value === "" ? undefined : value))
  .optional();

/** Checked apart from the schema, whose messages say what was found. */
const secret = z.unknown().optional();

const version = z
  .string()
  .refine((name) => name !== "TLS10" && name !== "TLS11", {
    message: "TLS 1.0 and 1.1 cannot be had here; use TLS12 or TLS13",
    abort: true,
  })
  .transform((name, context) => translate(TLS_VERSIONS, name, "expected TLS12 or TLS13", context))
  .optional();

const tlsServerSchema = z.strictObject({
  cert: text,
  key: secret,
  client_ca: text,
  cert_file: text,
  key_file: text,
  client_auth_type: z
    // An old name that the toolkit still takes.
    .preprocess(
      (name) => (name === "RequireClientCert" ? "RequireAnyClientCert" : name === "" ? undefined : name),
      z.enum(CLIENT_AUTH_TYPES).optional(),
    )
    .default("NoClientCert"),
  client_ca_file: text,
  client_allowed_sans: z.array(z.string().min(1)).min(1).optional(),
  min_version: version,
  max_version: version,
  cipher_suites: z
    .array(
      z
        .string()
        .transform((name, context) =>
          translate(
            CIPHER_SUITES,
            name,
            "expected a cipher suite by its name in Go, such as TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
            context,
          ),
        ),
    )
    .default([]),
  prefer_server_cipher_suites: z.boolean().default(true),
  curve_preferences: z
    .array(
      z
        .string()
        .transform((name, context) =>
          translate(CURVES, name, `expected one of ${Object.keys(CURVES).join(", ")}`, context),
        ),
    )
    .default([]),
});

const headersSchema = z.strictObject({
  "Content-Security-Policy": text,
  "X-Frame-Options": z.enum(["", "deny", "sameorigin"]).optional(),
  "X-Content-Type-Options": z.enum(["", "nosniff"]).optional(),
  "X-XSS-Protection": text,
  "Strict-Transport-Security": text,
});

const httpServerSchema = z.strictObject({
  http2: z
    .boolean()
    .refine((wanted) => !wanted, "HTTP/2 cannot be had here: leave it out, or set false")
    .optional(),
  headers: headersSchema.default({}),
});

const rateLimitSchema = z.strictObject({
  interval: z.preprocess(
    (value) => (value === 0 || value === "0" || value === "0s" ? undefined : value),
    durationSchema.optional(),
  ),
  burst: z.int().min(0).default(0),
});

/**
 * The web configuration of Prometheus' exporter-toolkit.
 * Source: https://github.com/prometheus/exporter-toolkit/blob/master/docs/web-configuration.md
 */
export const webSchema = z.strictObject({
  tls_server_config: tlsServerSchema.optional(),
  http_server_config: httpServerSchema.default({ headers: {} }),
  basic_auth_users: secret,
  rate_limit: rateLimitSchema.optional(),
});

export type WebFile = z.output<typeof webSchema>;
export type TlsServerConfig = z.output<typeof tlsServerSchema>;

function translate<Value>(
  names: Readonly<Record<string, Value>>,
  name: string,
  expected: string,
  context: z.RefinementCtx,
): Value {
  const value = Object.hasOwn(names, name) ? names[name] : undefined;
  if (value !== undefined) return value;
  context.addIssue({ code: "custom", message: expected });
  return z.NEVER;
}
