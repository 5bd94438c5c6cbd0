import { dirname, join } from "node:path";
import { freePort } from "@gaugelet/testing/ports";
import { waitFor } from "@gaugelet/testing/wait";
import { Contender } from "./contender.ts";
import { answers } from "./http-servers.ts";

/** The runtime as a contender: driven from inside, and called over HTTP at `urlOf` a function. */
export interface RuntimeContender {
  readonly contender: Contender;
  urlOf(name: string): string;
}

/** What a runtime of this benchmark is told, whoever starts it. */
export async function runtimeEnvironment(
  python: string,
  redisPort: number,
  configuration: string,
): Promise<Record<string, string>> {
  return {
    GAUGELET_PYTHON: python,
    GAUGELET_CONFIG: configuration,
    GAUGELET_STATE_DIR: join(dirname(configuration), "state"),
    GAUGELET_RUNTIME_PORT: String(await freePort()),
    GAUGELET_MANAGEMENT_PORT: String(await freePort()),
    REDIS_PORT: String(redisPort),
  };
}

/** Start the runtime and wait until `process` and `sandbox` answer as the handler does. */
export async function startRuntimeContender(
  environment: Readonly<Record<string, string>>,
): Promise<RuntimeContender> {
  const contender = await Contender.start(new URL("runtime-program.ts", import.meta.url), environment);
  const urlOf = (name: string): string =>
    `http://127.0.0.1:${environment.GAUGELET_RUNTIME_PORT}/functions/${name}`;
  try {
    for (const name of ["process", "sandbox"]) {
      await waitFor(`an answer of the function ${name}`, () => answers(urlOf(name)));
    }
  } catch (error) {
    await contender.stop();
    throw error;
  }
  return { contender, urlOf };
}
