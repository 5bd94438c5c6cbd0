import type { BaseOptions } from "@platformatic/kafka";
import type { KafkaAddress } from "../../configuration/kafka.ts";

/** What every client of ours has in common. */
export type ClientOptions = Pick<
  BaseOptions,
  | "clientId"
  | "bootstrapBrokers"
  | "retries"
  | "retryDelay"
  | "connectTimeout"
  | "requestTimeout"
  | "tls"
  | "sasl"
>;

/** A broker that is gone is noticed by these; a request may wait for a broker that another takes the place of. */
const CONNECT_MILLISECONDS = 5_000;
const REQUEST_MILLISECONDS = 30_000;
const RETRIES = 3;
const RETRY_MILLISECONDS = 250;

export function clientOptions({ brokers, tls, sasl }: KafkaAddress): ClientOptions {
  return {
    clientId: "gaugelet",
    bootstrapBrokers: [...brokers],
    retries: RETRIES,
    retryDelay: RETRY_MILLISECONDS,
    connectTimeout: CONNECT_MILLISECONDS,
    requestTimeout: REQUEST_MILLISECONDS,
    ...(tls && {
      tls: {
        ...(tls.ca !== undefined && { ca: tls.ca }),
        ...(tls.cert !== undefined && { cert: tls.cert, key: tls.key }),
      },
    }),
    ...(sasl && { sasl: { ...sasl } }),
  };
}
