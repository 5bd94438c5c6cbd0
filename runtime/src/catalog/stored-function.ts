import { validate } from "@gaugelet/shared/configuration";
import { type Class, classSchema } from "../configuration/classes.ts";
import { type Isolation, isWeaker, refuseWeak } from "../configuration/isolation.ts";
import {
  defineFunction,
  type FunctionDefinition,
  manifestSchema,
  type OperatorSettings,
  outputKeyIn,
} from "../configuration/manifest.ts";
import type { Deployable } from "../functions/deployable.ts";
import type { CatalogFunction } from "../functions/function-sources.ts";

/** A manifest as its user wrote it, without `name` and `source`. */
export type WrittenManifest = Readonly<Record<string, unknown>>;

/** The version that runs of a function. */
export interface StoredVersion {
  readonly name: string;
  readonly owner: string;
  readonly isPaused: boolean;
  readonly version: number;
  /** Of its package. */
  readonly digest: string;
  /** JSON. */
  readonly manifest: string;
}

/**
 * A function of the catalog in as little memory as there may be: there are many, and most of them wait. Of its
 * manifest, which was checked when it came, only the text is kept.
 */
export class StoredFunction implements CatalogFunction {
  readonly name: string;
  readonly owner: string;
  readonly mode: Deployable["mode"];
  readonly isSharded: boolean;
  readonly outputKey: string | undefined;
  readonly class: Class;
  readonly isolation: Isolation;
  readonly #version: number;
  readonly #digest: string;
  readonly #manifest: string;
  readonly #operator: OperatorSettings;

  constructor(stored: StoredVersion, operator: OperatorSettings) {
    const { name, owner, isPaused, version, digest, manifest } = stored;
    const written = JSON.parse(manifest) as Written;
    this.name = name;
    this.owner = owner;
    this.mode = isPaused ? "paused" : isCalledAlone(written) ? "on-call" : "running";
    this.isSharded = written.state === "partition";
    this.outputKey =
      written.output?.key === undefined
        ? undefined
        : outputKeyIn({ name, state: this.isSharded ? "partition" : "none", output: written.output });
    this.class = classSchema.safeParse(written.class).data ?? "standard";
    this.isolation = written.isolation ?? defaultIsolation(operator);
    this.#version = version;
    this.#digest = digest;
    this.#manifest = manifest;
    this.#operator = operator;
  }

  define(): FunctionDefinition {
    const { name, owner } = this;
    const where = `function ${name}`;
    return defineStored(
      { name, owner, version: this.#version, digest: this.#digest },
      JSON.parse(this.#manifest) as WrittenManifest,
      this.#operator,
      where,
    );
  }
}

/**
 * Complete a manifest of the catalog. Other than in a file, a function is in a sandbox unless it says otherwise, and
 * has no worker while it has nothing to do.
 *
 * @param where what the manifest is called in messages.
 * @throws ConfigurationError that says what is wrong with it, by the schema or the operator's settings.
 */
export function defineStored(
  { name, owner, version, digest }: Pick<StoredVersion, "name" | "owner" | "version" | "digest">,
  written: WrittenManifest,
  operator: OperatorSettings,
  where: string,
): FunctionDefinition {
  const manifest = validate(manifestSchema, { ...written, name }, where);
  if (manifest.isolation !== undefined) refuseWeak(manifest.isolation, operator, where);
  const completed = {
    ...manifest,
    owner,
    isolation: manifest.isolation ?? defaultIsolation(operator),
    workers: { ...manifest.workers, min: manifest.workers.min ?? 0 },
  };
  return defineFunction(completed, { kind: "stored", digest, version }, operator);
}

/** How far a function of the catalog is kept apart that does not say. Only Linux has sandboxes. */
export function defaultIsolation({ minimumIsolation }: OperatorSettings): Isolation {
  const usual = process.platform === "linux" ? "sandbox" : "process";
  return isWeaker(usual, minimumIsolation) ? minimumIsolation : usual;
}

/** What is looked at without the schema, which would take too long for all of them. */
interface Written {
  readonly triggers: readonly object[];
  readonly state?: string;
  readonly class?: unknown;
  readonly isolation?: Isolation;
  readonly workers?: { readonly min?: number; readonly spare?: number };
  readonly output?: { readonly key?: string };
}

function isCalledAlone({ triggers, workers }: Written): boolean {
  return triggers.every((trigger) => "http" in trigger) && !workers?.min && !workers?.spare;
}
