import { stat } from "node:fs/promises";

const LOOK_EVERY_MILLISECONDS = 1_000;

/** Files as they were just before they were read, for who wants to know when they are others. */
export class FilesRead {
  readonly #states = new Map<string, string>();

  /** To be called before a file is read: what changes meanwhile is then noticed later rather than never. */
  async add(file: string): Promise<void> {
    this.#states.set(file, await stateOf(file));
  }

  /** In the order they were read in. */
  get files(): string[] {
    return [...this.#states.keys()];
  }

  get state(): string {
    return [...this.#states.values()].join("\n");
  }
}

/**
 * Call back when files are others than were read, and all have been still for one look, so that none is read half
 * written and no certificate with the key of the one before.
 *
 * @param read what was read last, also where it could not be used: what is missing or wrong may be mended there.
 * @param onChange reads them again; not called again before it is done.
 * @returns a function that stops watching.
 */
export function watchFiles(read: () => FilesRead, onChange: () => Promise<unknown>): () => void {
  return watchState(
    () => stateOfFiles(read().files),
    () => read().state,
    onChange,
  );
}

/**
 * Call back when what is seen is not what is known, and has been the same for one look.
 *
 * Looks once a second: Kubernetes changes a mounted ConfigMap or Secret by a link in the path, and network file systems
 * send no events, so that watching for events would miss both.
 *
 * @param look what there is now, in any words; where it fails, that something is missing.
 * @param onChange a promise is waited for before the next look.
 */
export function watchState(
  look: () => Promise<string>,
  known: () => string | undefined,
  onChange: (seen: string) => unknown,
): () => void {
  let previous: string | undefined;
  let isLooking = false;
  let isStopped = false;
  const lookOnce = async (): Promise<void> => {
    if (isLooking) return;
    isLooking = true;
    try {
      const seen = await look().catch(() => "missing");
      const isStill = seen === previous;
      previous = seen;
      if (isStill && seen !== known() && !isStopped) await onChange(seen);
    } finally {
      isLooking = false;
    }
  };
  const timer = setInterval(() => void lookOnce(), LOOK_EVERY_MILLISECONDS).unref();
  void lookOnce();
  return () => {
    isStopped = true;
    clearInterval(timer);
  };
}

/** Sizes, times and numbers of files: what replaces a file may have its size and its time. */
export async function stateOfFiles(files: readonly string[]): Promise<string> {
  return (await Promise.all(files.map(stateOf))).join("\n");
}

async function stateOf(file: string): Promise<string> {
  const found = await stat(file).catch(() => undefined);
  return `${file} ${found?.size} ${found?.mtimeMs} ${found?.ino}`;
}
