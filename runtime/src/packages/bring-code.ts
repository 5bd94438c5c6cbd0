import type { Logger } from "pino";
import type { FunctionDefinition } from "../configuration/manifest.ts";
import type { Installer } from "./dependencies/installer.ts";
import type { FunctionPackage } from "./package.ts";
import { preparePackage } from "./prepare.ts";
import { prepareStored, type ReadPackage } from "./stored.ts";
import { noteUsed } from "./unused-folders.ts";

/** Where code comes from, and goes to. */
export interface CodePlaces {
  readonly stateFolder: string;
  /** Of the catalog. */
  readonly readPackage: ReadPackage;
  readonly installer: Installer;
}

/**
 * Bring a function's code onto the disk, with the packages that it names.
 *
 * @param log of the function.
 * @param signal ends a download, or an installation.
 * @throws PackageError
 */
export async function bringCode(
  { source, language, handler }: Pick<FunctionDefinition, "source" | "language" | "handler">,
  { stateFolder, readPackage, installer }: CodePlaces,
  log: Logger,
  signal: AbortSignal,
): Promise<FunctionPackage> {
  const code =
    source.kind === "stored"
      ? await prepareStored(source, stateFolder, readPackage)
      : await preparePackage(source, stateFolder, signal);
  // An installation may take minutes.
  await noteUsed(stateFolder, { ...code, libraries: null });
  const libraries = await installer.librariesOf(code, { language, handler }, log, signal);
  await noteUsed(stateFolder, { ...code, libraries });
  return { ...code, number: source.kind === "stored" ? source.version : null, libraries };
}
