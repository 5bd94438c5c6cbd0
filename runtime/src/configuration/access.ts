import { ConfigurationError, validate } from "@gaugelet/shared/configuration";
import { readSecret } from "@gaugelet/shared/environment-files";
import { z } from "zod";
import { isLoopback } from "./loopback.ts";

const KEY_BYTES = 32;
/** Shorter ones can be guessed. */
const SHORTEST_GRAFANA_SECRET = 16;

const accessSchema = z.object({
  GAUGELET_CALLS: z.enum(["open", "token"], "expected open or token").optional(),
  GAUGELET_GRAFANA_SECRET: z.string().optional(),
  GAUGELET_ADMIN_TOKEN_FILE: z.string().min(1).optional(),
  GAUGELET_GRAFANA_SECRET_FILE: z.string().optional(),
  GAUGELET_SECRET_KEY: z.string().optional(),
  GAUGELET_SECRET_KEY_FILE: z.string().optional(),
  GAUGELET_SECRET_KEY_OLD: z.string().optional(),
  GAUGELET_SECRET_KEY_OLD_FILE: z.string().optional(),
});

/** Who may do what, as far as the operator says so. */
export interface AccessConfiguration {
  /**
   * `token`: whoever calls a function or looks at the status page shows a token of a user. `local`: nobody does, as no
   * other machine gets there. `open`: nobody does, as the operator says.
   */
  readonly calls: "local" | "open" | "token";
  /** What the secrets that Grafana shows are made from; undefined: no request is believed to be Grafana's. */
  readonly grafanaSecret: string | undefined;
  /** Key of the secrets of functions, 32 bytes; undefined: one in the state folder. */
  readonly secretKey: Buffer | undefined;
  /** Keys that secrets may still be sealed with. */
  readonly oldSecretKeys: readonly Buffer[];
  /** File with the first administrator's token; undefined: one in the state folder, made where it is not there. */
  readonly adminTokenFile: string | undefined;
}

/**
 * Read who may do what.
 *
 * @param listens address of calls and of the API; undefined: neither is there.
 * @param hasCatalog whether there are users.
 * @throws ConfigurationError where calls would be open to other machines without anybody having said so.
 */
export function accessFrom(
  environment: NodeJS.ProcessEnv,
  listens: string | undefined,
  hasCatalog: boolean,
): AccessConfiguration {
  const values = validate(accessSchema, environment, "environment");
  const isPrivate = listens === undefined || isLoopback(listens);
  const calls = values.GAUGELET_CALLS ?? (isPrivate ? "local" : "token");
  if (calls === "token" && listens !== undefined && !hasCatalog) {
    const why = isPrivate
      ? "GAUGELET_CALLS is token"
      : `GAUGELET_RUNTIME_ADDRESS is ${listens}, which other machines reach`;
    throw new ConfigurationError(
      `environment: ${why}, but with GAUGELET_CATALOG=off there are no users whose token a call could show; turn the catalog on, listen on 127.0.0.1, or set GAUGELET_CALLS to open where whoever reaches the port may call every function`,
    );
  }
  const { GAUGELET_SECRET_KEY_OLD: old, GAUGELET_SECRET_KEY_OLD_FILE: oldFile } = values;
  return {
    calls,
    adminTokenFile: values.GAUGELET_ADMIN_TOKEN_FILE,
    grafanaSecret: grafanaSecretFrom(values),
    secretKey: keyFrom(
      "GAUGELET_SECRET_KEY",
      readSecret("GAUGELET_SECRET_KEY", values.GAUGELET_SECRET_KEY, values.GAUGELET_SECRET_KEY_FILE),
    ),
    oldSecretKeys: (readSecret("GAUGELET_SECRET_KEY_OLD", old, oldFile) ?? "")
      .split(/[\s,]+/)
      .flatMap((text) => keyFrom("GAUGELET_SECRET_KEY_OLD", text || undefined) ?? []),
  };
}

/**
 * A key as it is written: 32 bytes as Base64.
 *
 * @param where the variable or the file that it is from.
 * @throws ConfigurationError, which does not show it, where it is none.
 */
export function keyFrom(where: string, text: string | undefined): Buffer | undefined {
  if (text === undefined) return undefined;
  const key = Buffer.from(text, "base64");
  if (key.length !== KEY_BYTES || !/^[\w+/-]+=*$/.test(text)) {
    throw new ConfigurationError(
      `environment: ${where}: expected ${KEY_BYTES} random bytes as Base64, such as openssl rand -base64 ${KEY_BYTES} makes`,
    );
  }
  return key;
}

function grafanaSecretFrom({
  GAUGELET_GRAFANA_SECRET,
  GAUGELET_GRAFANA_SECRET_FILE,
}: z.output<typeof accessSchema>): string | undefined {
  const secret = readSecret("GAUGELET_GRAFANA_SECRET", GAUGELET_GRAFANA_SECRET, GAUGELET_GRAFANA_SECRET_FILE);
  if (secret !== undefined && secret.length < SHORTEST_GRAFANA_SECRET) {
    throw new ConfigurationError(
      `environment: GAUGELET_GRAFANA_SECRET: expected ${SHORTEST_GRAFANA_SECRET} characters at least, such as openssl rand -hex 32 makes`,
    );
  }
  return secret;
}
