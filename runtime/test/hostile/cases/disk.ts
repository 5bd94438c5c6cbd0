import { everywhere, type HostileCase, NOTHING, script } from "../case.ts";

const FULL = { outcome: "error", limit: "disk", says: /limits\.disk is reached/ } as const;

/** Filling the disk, and open files without end. */
export const DISK: readonly HostileCase[] = [
  { file: "one_large_file.py", tries: "write 64 MiB into one file", ...everywhere(FULL) },
  {
    file: "many_files.py",
    tries: "write 48 MiB into many files",
    process: { could: ["write 48 MiB into many files"] },
    sandbox: FULL,
  },
  {
    file: "many_inodes.py",
    tries: "make 6,000 empty files",
    // On a slow disk its processor time ends it first.
    process: {
      outcome: ["ok", "killed"],
      may: ["make 6,000 empty files"],
      inWords: "can make 6,000 empty files, until its processor time is used up",
    },
    sandbox: FULL,
  },
  {
    file: "many_open_files.py",
    tries: "open 100,000 files",
    ...everywhere({ outcome: "error", limit: "openFiles", says: /limits\.openFiles is reached/ }),
  },
  {
    file: "many_watches.py",
    tries: "use up its user's file watches",
    ...everywhere(NOTHING),
    shared: { inWords: "can leave none for the runtime" },
  },
  {
    ...script("fill_disk.sh"),
    tries: "write 48 MiB into many files in a shell script",
    process: { could: ["write 48 MiB into many files"] },
    sandbox: {
      outcome: "error",
      says: /^the script ended with exit code/,
      inWords: "fails at `limits.disk`",
    },
  },
];
