import { connectRedis } from "@gaugelet/shared/redis/connection";
import type { CostOf } from "../api/contract/runs.ts";
import type { Route } from "../api/route.ts";
import { invocationRoutes } from "../api/routes/invocations.ts";
import { logRoutes } from "../api/routes/logs.ts";
import { replayRoutes } from "../api/routes/replays.ts";
import { runRoutes } from "../api/routes/runs.ts";
import type { ApiParts } from "../api/start.ts";
import type { OpenDatabase } from "../database/database.ts";
import { Replays } from "../replay/replays.ts";
import { RunNews } from "./follow-runs.ts";
import { InvocationReader } from "./invocation-reader.ts";
import { Invocations } from "./invocations.ts";
import { KnownFunctions } from "./known-functions.ts";
import { OtherRecorder } from "./other-recorder.ts";
import { Recorder } from "./recorder.ts";

/** Runs behind the API. */
export interface OpenRuns {
  readonly routes: readonly Route[];
  /** In words why this runtime's catalog is not to be used; undefined: it is. */
  readonly problem: string | undefined;
  stop(): Promise<void>;
}

/**
 * Record runs, carry out calls, and answer for them.
 *
 * @param costOf says what a run costs.
 */
export function openRuns(
  { db, kind }: Pick<OpenDatabase, "db" | "kind">,
  parts: ApiParts,
  costOf: CostOf,
): OpenRuns {
  const { configuration, redis, leases, store, log, topics, places, workerFor } = parts;
  const { ids: runIds } = parts.runs;
  const replays = new Replays();
  const news = new RunNews();
  const other = kind === "embedded" ? new OtherRecorder(log) : undefined;
  const functions = new KnownFunctions(db, parts.functions.targets);
  const invocations = new Invocations({ redis, db, runIds });
  // Both wait on connections of their own; the runtime's own tells why Redis is away.
  const recorder = new Recorder({
    redis: connectRedis(configuration.redis),
    db,
    leases,
    retention: configuration.runs,
    log,
    onRecorded: () => news.tell(),
    onRecorder: (owner) => other?.hear(owner),
  });
  const reader = new InvocationReader({
    redis: connectRedis(configuration.redis),
    consumer: runIds.prefix,
    invocations,
    functions,
    log,
  });
  recorder.start();
  reader.start();
  return {
    get problem() {
      return other?.problem;
    },
    routes: [
      ...runRoutes({ db, news, costOf }),
      ...logRoutes({ db, news, functions }),
      ...invocationRoutes({ db, invocations, functions, costOf }),
      ...replayRoutes({
        db,
        configuration,
        functions,
        replays,
        store,
        runParts: parts.runs,
        workerFor,
        topics,
        limits: parts.usage.limits,
        meter: parts.usage.meter,
        places,
        log,
      }),
    ],
    async stop() {
      other?.stop();
      await replays.stop();
      await Promise.all([reader.stop(), recorder.stop()]);
    },
  };
}
