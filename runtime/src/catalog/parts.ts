import type { OperatorSettings } from "../configuration/manifest.ts";
import type { Database } from "../database/database.ts";
import type { FunctionSources } from "../functions/function-sources.ts";
import type { AboutUpload, CheckedPackage, Upload } from "../packages/upload/check-upload.ts";
import type { SecretsOf } from "./door.ts";

/** What the catalog works with. */
export interface CatalogParts {
  readonly db: Database;
  /** What runs here, of the catalog and of the file. */
  readonly functions: FunctionSources;
  /** Path of the configuration file. */
  readonly file: string;
  readonly operator: OperatorSettings;
  /**
   * Looks through uploaded code, without running any of it.
   *
   * @throws UploadError, PackageError where it cannot be stored.
   */
  readonly checkUpload: (upload: Upload, about: AboutUpload, signal: AbortSignal) => Promise<CheckedPackage>;
  readonly secretsOf: SecretsOf;
  /**
   * Forget what a deleted function left behind in Redis, under the output keys and in the topics of its versions,
   * once no runtime has it any more.
   *
   * @throws Error where Redis is away, or forbids it.
   */
  readonly forget: (name: string, outputKeys: readonly string[], topics: readonly string[]) => Promise<void>;
  /** Have this runtime follow what was committed; it does soon anyway. */
  readonly follow: () => Promise<void>;
}
