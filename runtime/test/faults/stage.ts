import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeFunctionFolder } from "@gaugelet/testing/function-folder";
import { RuntimeProcess } from "./runtime-process.ts";

/** A function of a fault test: its code, and what else its manifest says. */
export interface StagedFunction {
  readonly name: string;
  readonly code: string;
  readonly [field: string]: unknown;
}

/** Replicas of a runtime that serve the same functions, each a process of its own. */
export class Stage {
  readonly folder: string;
  readonly #environment: Record<string, string>;
  readonly #replicas: RuntimeProcess[] = [];

  private constructor(folder: string, environment: Record<string, string>) {
    this.folder = folder;
    this.#environment = environment;
  }

  static async set(
    functions: readonly StagedFunction[],
    environment: Record<string, string>,
  ): Promise<Stage> {
    const folder = await makeFunctionFolder("faults");
    const stage = new Stage(folder, environment);
    await stage.serve(functions);
    return stage;
  }

  /** Write the configuration file: these functions and no others. */
  async serve(functions: readonly StagedFunction[]): Promise<void> {
    const manifests: object[] = [];
    for (const { code, ...manifest } of functions) {
      const module = manifest.name.replaceAll("-", "_");
      await writeFile(join(this.folder, `${module}.py`), code);
      manifests.push({
        source: `${module}.py`,
        handler: `${module}.handler`,
        output: { key: manifest.name },
        ...manifest,
      });
    }
    // JSON is YAML.
    await writeFile(join(this.folder, "gaugelet.yaml"), JSON.stringify({ functions: manifests }));
  }

  /** Start one more replica. */
  start(
    options: { readonly by?: readonly string[]; readonly environment?: Record<string, string> } = {},
  ): RuntimeProcess {
    const replica = new RuntimeProcess({
      folder: this.folder,
      by: options.by ?? [],
      environment: {
        GAUGELET_CONFIG: join(this.folder, "gaugelet.yaml"),
        ...this.#environment,
        ...options.environment,
      },
    });
    this.#replicas.push(replica);
    return replica;
  }

  async clear(): Promise<void> {
    await Promise.all(this.#replicas.splice(0).map((replica) => replica.kill()));
    await rm(this.folder, { recursive: true, force: true });
  }
}
