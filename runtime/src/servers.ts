import { type StartedApi, startApi } from "./api/start.ts";
import { workerOptions } from "./assemble.ts";
import type { ListenAddress } from "./configuration/environment.ts";
import type { Engine } from "./engine.ts";
import type { FunctionSet } from "./functions/function-set.ts";
import { managementRoutes } from "./http/management.ts";
import { serve } from "./http/server.ts";
import { statusPageRoutes } from "./http/status-page.ts";
import { localPageGuard, statusPageGuard } from "./http/status-page-guard.ts";
import type { StoppingServers } from "./http/stopping-servers.ts";
import { InstanceRegistry } from "./instances/registry.ts";
import { describeInstance } from "./instances/this-instance.ts";
import { answerCalls } from "./triggers/http/calls.ts";
import { CALL_PATH } from "./triggers/http/targets.ts";

/**
 * How long requests alone are waited for when the runtime stops. Then functions are stopped, which answers calls that
 * wait, and has a limit of its own: both together are less than the patience of those who ask for the end.
 */
const CALLS_MILLISECONDS = 1_500;
/** The same of scrapes. */
const SCRAPES_MILLISECONDS = 500;

/** What listens. */
export interface Servers {
  /** Ports listened on; `status` is undefined in drop-in mode. */
  readonly ports: { readonly management: number; readonly status: number | undefined };
  /** Where runtimes list themselves that can be called. */
  readonly instances: InstanceRegistry;
}

/**
 * Listen: health and metrics at one port; the status page, calls and the API at the other.
 *
 * @param ending is told what is to be ended, in turn.
 * @param stopping has those that are asked to stop.
 * @throws ConfigurationError where a port cannot be listened on.
 */
export async function openServers(
  engine: Engine,
  ending: AsyncDisposableStack,
  stopping: StoppingServers,
): Promise<Servers> {
  const { parts, functions, file, instance } = engine;
  const { configuration, redis, metrics, log } = parts;
  const runners = (): FunctionSet["runners"] => functions.runners;
  const problem = (): string | undefined => file?.problem;

  const management = await serve(
    configuration.management,
    "GAUGELET_MANAGEMENT_PORT",
    managementRoutes(redis, runners, problem, metrics),
  );
  ending.defer(() => stopping.stop(management, SCRAPES_MILLISECONDS));

  const listening: { at: ListenAddress | undefined } = { at: undefined };
  const { image, stateFolder } = configuration;
  const listen = (): ListenAddress | undefined => listening.at;
  const describe = describeInstance({ id: instance, image, stateFolder, listen, runners });
  const instances = new InstanceRegistry(redis, instance, describe, log);
  const api = openApi(engine, instances);
  if (api !== undefined) ending.defer(() => api.stop());

  if (configuration.status === undefined) {
    return { ports: { management: management.port, status: undefined }, instances };
  }
  const { calls } = configuration.access;
  const guard = calls === "token" ? api?.guard : undefined;
  const isLocal = calls === "local";
  const status = await serve(
    configuration.status,
    "GAUGELET_RUNTIME_PORT",
    statusPageRoutes(runners, problem, management.port),
    {
      [CALL_PATH]: answerCalls(functions.targets, guard, isLocal),
      ...(api && { "/api/": api.listener }),
    },
    { guard: isLocal ? localPageGuard : guard && statusPageGuard(guard) },
  );
  ending.defer(() => stopping.stop(status, CALLS_MILLISECONDS));
  listening.at = { ...configuration.status, port: status.port };
  // A function in drop-in mode shares its Redis with others, and lists itself nowhere.
  instances.start();
  ending.defer(() => instances.stop());
  return { ports: { management: management.port, status: status.port }, instances };
}

/** Undefined where there is no catalog. */
function openApi(engine: Engine, instances: InstanceRegistry): StartedApi | undefined {
  const { parts, functions, sources, prices } = engine;
  const { configuration, meter, limits, metrics, runs, log } = parts;
  const { database } = configuration;
  if (database === undefined || prices === undefined || runs === undefined) return undefined;
  return startApi(database, {
    ...parts,
    functions,
    sources,
    instances,
    runs,
    workerFor: (definition) => workerOptions(definition, parts, log.child({ function: definition.name })),
    usage: { prices, meter, limits, metrics: metrics.usage },
  });
}
