import { everywhere, type HostileCase } from "../case.ts";

/** Breaking its own process: which is all that it breaks. */
export const INTERPRETER: readonly HostileCase[] = [
  {
    file: "change_modules.py",
    tries: "break `sys.modules`, `builtins`, json",
    ...everywhere({ outcome: ["ok", "error", "killed", "timeout"], inWords: "breaks its own worker" }),
  },
  {
    file: "change_worker.py",
    tries: "replace the worker's own parts",
    ...everywhere({ outcome: ["ok", "error", "killed", "timeout"], inWords: "breaks its own worker" }),
  },
  {
    file: "change_builtins.mjs",
    tries: "break `JSON`, `Object`, `Buffer` in JavaScript",
    ...everywhere({ outcome: ["ok", "error", "killed", "timeout"], inWords: "breaks its own worker" }),
  },
  {
    file: "change_own_program.py",
    tries: "write over its own machine code",
    ...everywhere({ outcome: ["ok", "killed"], inWords: "breaks its own worker" }),
    shared: { outcome: "error", says: /PermissionError/ },
  },
  {
    file: "crash.py",
    tries: "crash in native code",
    ...everywhere({ outcome: "killed", says: /crashed with SIGSEGV.*given up after 3 attempts/ }),
  },
  {
    file: "core_dump.py",
    tries: "leave a core dump",
    ...everywhere({ outcome: "killed", says: /crashed with SIGABRT/ }),
  },
  {
    file: "exit.py",
    tries: "end its process",
    ...everywhere({ outcome: "killed", says: /ended with exit code 0/ }),
  },
  {
    file: "exit.mjs",
    tries: "the same in JavaScript",
    ...everywhere({ outcome: "error", says: /exit/ }),
  },
];
