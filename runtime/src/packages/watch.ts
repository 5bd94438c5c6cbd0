import { stat } from "node:fs/promises";
import type { CodeSource } from "../configuration/manifest.ts";
import { codeFiles, filesOf } from "./code-files.ts";

const LOOK_EVERY_MILLISECONDS = 1_000;

/**
 * Call back when a function's files have changed and have been still for one look, so that a file that is
 * being written is not read half.
 *
 * Looks at sizes and times once a second: a ConfigMap is updated by swapping a symbolic link above the
 * file, and network file systems send no events, so watching for events would miss both.
 *
 * @returns a function that stops watching. Sources that are not on the disk do not change.
 */
export function watchSource(source: CodeSource, onChange: () => void): () => void {
  if (source.kind !== "path") return () => {};
  const { path } = source;
  return watch(async () => {
    const files = (await stat(path)).isDirectory() ? await codeFiles(path) : await filesOf(path);
    return signatureOf(files);
  }, onChange);
}

/** Call back when any of these files has changed and all have been still for one look. */
export function watchFiles(files: () => readonly string[], onChange: () => void): () => void {
  return watch(() => signatureOf(files()), onChange);
}

function watch(signature: () => Promise<string>, onChange: () => void): () => void {
  let known: string | undefined;
  let previous: string | undefined;
  let looking = false;
  const look = async (): Promise<void> => {
    const seen = await signature().catch(() => "missing");
    known ??= seen;
    if (seen === previous && seen !== known) {
      known = seen;
      onChange();
    }
    previous = seen;
  };
  const timer = setInterval(() => {
    if (looking) return;
    looking = true;
    void look().finally(() => {
      looking = false;
    });
  }, LOOK_EVERY_MILLISECONDS);
  void look();
  return () => clearInterval(timer);
}

async function signatureOf(files: readonly string[]): Promise<string> {
  const lines = await Promise.all(
    files.toSorted().map(async (file) => {
      const found = await stat(file).catch(() => undefined);
      return `${file} ${found?.size} ${found?.mtimeMs} ${found?.ino}`;
    }),
  );
  return lines.join("\n");
}
