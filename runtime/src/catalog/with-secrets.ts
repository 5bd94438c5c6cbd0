import { WorkerDiedError } from "../workers/errors.ts";
import type { Launcher } from "../workers/transport.ts";
import type { OpenCatalog } from "./door.ts";

/** A launcher whose workers are given secrets of an owner's, as they are when a worker starts. */
export function withSecrets(
  launcher: Launcher,
  owner: string,
  names: readonly string[],
  { secretsOf }: Pick<OpenCatalog, "secretsOf">,
): Launcher {
  if (names.length === 0) return launcher;
  return {
    async launch(spec, listener) {
      const secrets = await secretsOf(owner, names).catch((error: Error) => {
        const reason = `was not started: its secrets cannot be had: ${error.message}`;
        throw new WorkerDiedError({ reason, limit: undefined });
      });
      return await launcher.launch({ ...spec, environment: { ...spec.environment, ...secrets } }, listener);
    },
    stop: () => launcher.stop(),
  };
}
