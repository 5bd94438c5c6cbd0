import type { Logger } from "pino";
import { z } from "zod";
import type { PrometheusTriggerSpec } from "../../configuration/triggers.ts";
import type { FunctionEvent } from "../../dispatcher/event.ts";
import { NO_CONTEXT } from "../../dispatcher/event.ts";
import { repeat } from "../schedule/repeat.ts";
import type { Trigger } from "../trigger.ts";

/** Prometheus itself gives up a query after two minutes. */
const QUERY_MILLISECONDS = 120_000;
const MAX_ANSWER_BYTES = 64 * 1024 ** 2;

const sample = z.tuple([z.number(), z.string()]);

/** What Prometheus answers: https://prometheus.io/docs/prometheus/latest/querying/api/ */
const answerSchema = z.discriminatedUnion("status", [
  z.object({
    status: z.literal("success"),
    data: z.discriminatedUnion("resultType", [
      z.object({
        resultType: z.literal("vector"),
        result: z.array(z.object({ metric: z.record(z.string(), z.string()), value: sample.optional() })),
      }),
      z.object({
        resultType: z.literal("matrix"),
        result: z.array(
          z.object({ metric: z.record(z.string(), z.string()), values: z.array(sample).optional() }),
        ),
      }),
      z.object({ resultType: z.enum(["scalar", "string"]), result: sample }),
    ]),
  }),
  z.object({ status: z.literal("error"), error: z.string() }),
]);

/**
 * Emits what a query of Prometheus results in, every so often. The input is `{"timestamp": <ISO 8601, UTC>, "query":
 * <as written>, "type": vector | matrix | scalar | string, "result": …}` with values as numbers: of a vector
 * `[{"labels": {…}, "value": 1.5}]`, of a matrix `[{"labels": {…}, "values": [[<Unix seconds>, 1.5], …]}]`, of a scalar
 * the number. What is no number in JSON (NaN, Inf) is null.
 */
export class PrometheusTrigger implements Trigger {
  readonly #spec: PrometheusTriggerSpec["prometheus"];
  readonly #address: string;
  readonly #log: Logger;
  #stop: () => void = () => {};
  readonly #ended = new AbortController();
  #isAsking = false;
  #problem: string | undefined;

  /** @param address of Prometheus, such as `http://127.0.0.1:9090`. */
  constructor({ prometheus }: PrometheusTriggerSpec, address: string, log: Logger) {
    this.#spec = prometheus;
    this.#address = address;
    this.#log = log;
  }

  start(emit: (event: FunctionEvent) => void): void {
    this.#stop = repeat(this.#spec.every * 1000, () => void this.#tick(emit));
  }

  stop(): void {
    this.#stop();
    this.#ended.abort();
  }

  async #tick(emit: (event: FunctionEvent) => void): Promise<void> {
    // One query at a time: what takes longer than its period must not pile up.
    if (this.#isAsking) return;
    this.#isAsking = true;
    const receivedAt = performance.now();
    try {
      const event = await this.#ask();
      if (this.#ended.signal.aborted) return;
      if (this.#problem !== undefined) this.#log.info("Prometheus answers the query again");
      this.#problem = undefined;
      emit({ ...event, receivedAt });
    } catch (error) {
      if (!this.#ended.signal.aborted) this.#report(explain(error, this.#address));
    } finally {
      this.#isAsking = false;
    }
  }

  async #ask(): Promise<Omit<FunctionEvent, "receivedAt">> {
    const { query } = this.#spec;
    const now = new Date();
    const timestamp = now.toISOString();
    const response = await fetch(new URL("api/v1/query", `${this.#address.replace(/\/*$/, "")}/`), {
      method: "POST",
      body: new URLSearchParams({ query, time: String(now.getTime() / 1000) }),
      signal: AbortSignal.any([this.#ended.signal, AbortSignal.timeout(QUERY_MILLISECONDS)]),
    });
    const text = await response.text();
    if (text.length > MAX_ANSWER_BYTES) throw new Error("the result is larger than 64Mi");
    const answer = parseAnswer(text, response.status);
    if (answer.status === "error") throw new Error(`Prometheus refuses the query: ${answer.error}`);
    const { resultType: type } = answer.data;
    const body = Buffer.from(JSON.stringify({ timestamp, query, type, result: resultOf(answer.data) }));
    return {
      source: `prometheus:${query}`,
      shard: "",
      body,
      position: timestamp,
      context: NO_CONTEXT,
      isSuperseded: true,
    };
  }

  #report(problem: string): void {
    if (problem === this.#problem) return;
    this.#problem = problem;
    this.#log.error({ query: this.#spec.query }, `cannot query Prometheus, trying on: ${problem}`);
  }
}

type Answer = z.output<typeof answerSchema>;
type Data = Extract<Answer, { status: "success" }>["data"];

function parseAnswer(text: string, status: number): Answer {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error(`it answers ${status} with what is no JSON; is that Prometheus?`);
  }
  const { data } = answerSchema.safeParse(value);
  if (data === undefined) throw new Error(`it answers ${status} with what Prometheus does not answer`);
  return data;
}

function resultOf(data: Data): unknown {
  switch (data.resultType) {
    case "vector":
      return data.result.map(({ metric, value }) => ({ labels: metric, value: numberOf(value?.[1]) }));
    case "matrix":
      return data.result.map(({ metric, values = [] }) => ({
        labels: metric,
        values: values.map(([time, value]) => [time, numberOf(value)]),
      }));
    case "scalar":
      return numberOf(data.result[1]);
    case "string":
      return data.result[1];
  }
}

function numberOf(text: string | undefined): number | null {
  const value = Number(text);
  return text !== undefined && Number.isFinite(value) ? value : null;
}

function explain(error: unknown, address: string): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === "TimeoutError") return `${address} did not answer within 120 s`;
  const { cause } = error;
  if (error.message === "fetch failed" && cause instanceof Error) {
    return `${address} cannot be reached (${cause.message}); set PROMETHEUS_URL to where Prometheus is`;
  }
  return error.message;
}
