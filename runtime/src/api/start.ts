import type { RequestListener } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { ConfigurationError } from "@gaugelet/shared/configuration";
import type { Redis } from "ioredis";
import type { Logger } from "pino";
import type { CatalogDoor } from "../catalog/door.ts";
import type { RuntimeConfiguration } from "../configuration/environment.ts";
import type { FunctionDefinition } from "../configuration/manifest.ts";
import type { DatabaseAddress } from "../database/database.ts";
import { explainDatabaseError } from "../database/explain.ts";
import type { FunctionSet } from "../functions/function-set.ts";
import type { FunctionSources } from "../functions/function-sources.ts";
import type { InstanceRegistry } from "../instances/registry.ts";
import type { Leases } from "../leases/leases.ts";
import type { CodePlaces } from "../packages/bring-code.ts";
import type { RunParts } from "../runs/function-runs.ts";
import type { RedisStore } from "../sinks/redis-store.ts";
import type { TopicsOnDemand } from "../topics/on-demand.ts";
import type { CallGuard } from "../triggers/http/call-guard.ts";
import type { UsageParts } from "../usage/open-usage.ts";
import type { ScalingLog } from "../workers/scaling-log.ts";
import type { WorkerOptions } from "../workers/worker.ts";
import { guardCall } from "./call-guard.ts";
import type { ControlPlane } from "./control-plane.ts";
import { ApiProblem } from "./problems.ts";

const FIRST_RETRY_MILLISECONDS = 250;
const LONGEST_RETRY_MILLISECONDS = 5_000;
/** What somebody has to mend, such as a key that is lost, may be mended while this runs. */
const MENDED_RETRY_MILLISECONDS = 15_000;

/** What the API is about. */
export interface ApiParts {
  readonly configuration: RuntimeConfiguration;
  /** Commands fail at once while it is away. */
  readonly redis: Redis;
  /** What runs here. */
  readonly functions: FunctionSet;
  /** What is to run here. */
  readonly sources: FunctionSources;
  /** Opens the topics where nothing has yet. */
  readonly topics: TopicsOnDemand;
  readonly scalings: ScalingLog;
  readonly instances: InstanceRegistry;
  /** Opened for the workers once the catalog is there. */
  readonly catalog: CatalogDoor;
  /** Where a replay's code comes from. */
  readonly places: CodePlaces;
  readonly usage: UsageParts;
  readonly log: Logger;
  readonly leases: Leases;
  readonly store: RedisStore;
  readonly runs: RunParts;
  /** What a worker of a function is told that is none of those that serve it. */
  readonly workerFor: (definition: FunctionDefinition) => WorkerOptions;
}

/** The API, which is there at once and answers once its database does. */
export interface StartedApi {
  readonly listener: RequestListener;
  /** Whether somebody may call functions, where that needs a token. */
  readonly guard: CallGuard;
  stop(): Promise<void>;
}

/**
 * Open the database and serve the API from it. Functions of a file do not wait for that; where the database is away,
 * it is tried on.
 */
export function startApi(database: DatabaseAddress, parts: ApiParts): StartedApi {
  const stopping = new AbortController();
  let controlPlane: ControlPlane | undefined;
  let reason = "the catalog is being opened; try again in a moment";
  const opening = (async (): Promise<void> => {
    // What it is made of is loaded only where there is a catalog.
    const { openControlPlane } = await import("./control-plane.ts");
    for (let pause = FIRST_RETRY_MILLISECONDS; ; pause = Math.min(2 * pause, LONGEST_RETRY_MILLISECONDS)) {
      let rest = pause;
      try {
        controlPlane = await openControlPlane(database, parts, stopping.signal);
        return;
      } catch (error) {
        if (stopping.signal.aborted) return;
        const message = explainDatabaseError(error);
        if (reason !== message) parts.log.error({ err: error }, `the catalog cannot be opened: ${message}`);
        reason = message;
        if (error instanceof ConfigurationError) rest = MENDED_RETRY_MILLISECONDS;
      }
      await sleep(rest, undefined, { signal: stopping.signal }).catch(() => {});
      if (stopping.signal.aborted) return;
    }
  })();
  return {
    listener: (request, response) => {
      const served = controlPlane?.problem ?? controlPlane ?? reason;
      if (typeof served !== "string") {
        served.listener(request, response);
        return;
      }
      const problem = new ApiProblem("unavailable", served);
      const headers = { "content-type": "application/problem+json", "retry-after": "1" };
      response.writeHead(problem.status, headers).end(JSON.stringify(problem));
    },
    guard: (request) =>
      controlPlane === undefined
        ? { problem: "unavailable", detail: reason, headers: { "retry-after": "1" } }
        : guardCall(controlPlane.callers, request),
    async stop() {
      stopping.abort();
      await opening;
      await controlPlane?.stop();
    },
  };
}
