import { everywhere, type HostileCase, script } from "../case.ts";

const REFUSED = { outcome: "error", limit: "memory", says: /limits\.memory is reached/ } as const;
const ENDED = { outcome: "killed", limit: "memory", says: /more memory than its limit of 128/ } as const;

/** Using more memory than allowed. */
export const MEMORY: readonly HostileCase[] = [
  { file: "allocate_8_gb.py", tries: "allocate 8 GB at once", ...everywhere(REFUSED) },
  { file: "allocate_slowly.py", tries: "allocate without end", ...everywhere(REFUSED) },
  { file: "fill_heap.mjs", tries: "make JavaScript objects without end", ...everywhere(ENDED) },
  {
    file: "fill_buffers.mjs",
    tries: "allocate 1 GB outside the JavaScript heap",
    ...everywhere(ENDED),
  },
  {
    file: "map_shared_memory.py",
    tries: "map 512 MiB of shared memory",
    ...everywhere(ENDED),
    shared: { could: ["use 512 MiB of shared memory"] },
    // A machine has no more than that in all.
    microvm: { outcome: ["error", "killed"], says: /limits?\.memory|more memory/, limit: "memory" },
    needsGroup: true,
  },
  {
    file: "memory_files.py",
    tries: "write 600 MiB into files in memory (`memfd`)",
    needsGroup: true,
    ...everywhere(ENDED),
    shared: { could: ["use 600 MiB of files in memory"] },
  },
  {
    file: "shared_memory_files.py",
    tries: "write 600 MiB into `/dev/shm`",
    needsGroup: true,
    process: ENDED,
    shared: { could: ["use 600 MiB of /dev/shm"] },
    sandbox: { outcome: "error", limit: "disk", says: /limits\.disk is reached/ },
  },
  {
    file: "system_v_memory.py",
    tries: "use 512 MiB of System V shared memory",
    needsGroup: true,
    ...everywhere(ENDED),
    shared: { could: ["use 512 MiB of System V memory"], leavesSystemV: true },
  },
  {
    file: "leave_system_v_memory.py",
    tries: "leave System V objects behind, which belong to no process",
    ...everywhere({ inWords: "they go with the worker" }),
    shared: { inWords: "they stay", leavesSystemV: true },
  },
  {
    file: "memory_of_children.py",
    tries: "use the limit in each of ten children",
    needsGroup: true,
    ...everywhere({ outcome: ["ok", "killed"], inWords: "some of them are ended at `limits.memory`" }),
  },
  {
    ...script("allocate_in_script.py"),
    tries: "allocate without end in a script",
    ...everywhere({
      outcome: "error",
      says: /limits\.memory (is|may be) reached/,
      inWords: "fails at `limits.memory`",
    }),
  },
];
