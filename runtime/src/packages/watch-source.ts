import { stat } from "node:fs/promises";
import { stateOfFiles, watchState } from "@gaugelet/shared/file-watch";
import type { CodeSource } from "../configuration/manifest.ts";
import { codeFiles, filesOf } from "./code-files.ts";

/**
 * Call back when a function's files have changed and have been still for one look, so that a file that is
 * being written is not read half. To be called before they are read.
 *
 * @returns a function that stops watching. Sources that are not on the disk do not change.
 */
export function watchSource(source: CodeSource, onChange: () => void): () => void {
  if (source.kind !== "path") return () => {};
  const { path } = source;
  let known: string | undefined;
  const look = async (): Promise<string> => {
    const seen = await stateOfSource(path).catch(() => "missing");
    known ??= seen;
    return seen;
  };
  return watchState(
    look,
    () => known,
    (seen) => {
      known = seen;
      onChange();
    },
  );
}

async function stateOfSource(path: string): Promise<string> {
  const files = (await stat(path)).isDirectory() ? await codeFiles(path) : await filesOf(path);
  return stateOfFiles(files.toSorted());
}
