import { everywhere, type HostileCase, script } from "../case.ts";

/** Values that are too large, too deep, or more than values. */
export const VALUES: readonly HostileCase[] = [
  {
    file: "return_1_gb.py",
    tries: "return 1 GB",
    ...everywhere({ outcome: "error", limit: "memory", says: /limits\.memory is reached/ }),
  },
  {
    file: "return_too_much.py",
    tries: "return 4 MiB, of 1 MiB allowed",
    ...everywhere({ outcome: "error", limit: "output", says: /more than the limit of 1,048,576/ }),
  },
  {
    file: "nest_output.py",
    tries: "return an object nested 100,000 deep",
    ...everywhere({ outcome: "error", says: /nested too deeply/ }),
  },
  {
    file: "nest_output.mjs",
    tries: "the same in JavaScript",
    ...everywhere({ outcome: "error", says: /nested too deeply|cannot be JSON/ }),
  },
  {
    file: "nest_input.py",
    tries: "be called with an event nested 100,000 deep",
    body: `${'{"x":'.repeat(100_000)}1${"}".repeat(100_000)}`,
    ...everywhere({ outcome: "rejected", says: /nested too deeply/, inWords: "the event is rejected" }),
  },
  {
    file: "endless_output.py",
    tries: "return a value that becomes another one for ever",
    ...everywhere({ outcome: "error", says: /cannot be JSON|nested too deeply/ }),
  },
  {
    file: "huge_number.py",
    tries: "return a number of 2.5 million digits",
    ...everywhere({ outcome: "error", says: /cannot be JSON/ }),
  },
  {
    file: "strange_env.py",
    tries: "save an `env` that runs a program when it is read",
    manifest: { state: "function" },
    ...everywhere({
      logs: /env\['command'\].*not allowed|is not allowed|cannot be saved/,
      inWords: "it is not saved",
    }),
  },
  {
    file: "large_env.py",
    tries: "save an `env` of 40 MiB, of 16 MiB allowed",
    manifest: { state: "function" },
    ...everywhere({ logs: /more than the limit of 16,777,216/, inWords: "it is not saved" }),
  },
  {
    file: "deadly_env.py",
    tries: "save an `env` that ends each process that reads it",
    manifest: { state: "function" },
    calls: 2,
    ...everywhere({
      logs: /the saved env ends every process that reads it; the function begins with an empty env/,
      inWords: "begins with an empty `env`",
    }),
  },
  {
    file: "bomb_env.py",
    tries: "save an `env` that needs 8 GB when it is read",
    manifest: { state: "function" },
    calls: 2,
    ...everywhere({ logs: /begins with an empty env/, inWords: "begins with an empty `env`" }),
  },
  {
    ...script("print_without_end.sh"),
    tries: "print without end in a shell script",
    ...everywhere({ outcome: "error", limit: "output", says: /printed more than/ }),
  },
];
