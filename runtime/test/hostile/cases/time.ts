import { everywhere, type HostileCase, SHORT_CPU, SHORT_TIME, script } from "../case.ts";

const TIMEOUT = { outcome: "timeout", limit: "timeout", says: /raise limits\.timeout/ } as const;
const CPU = {
  outcome: "killed",
  limit: "cpu",
  says: /more processor time in one call than its limit of 1s/,
} as const;

/** Taking longer than allowed. */
export const TIME: readonly HostileCase[] = [
  { file: "sleep.py", tries: "sleep for an hour", manifest: SHORT_TIME, ...everywhere(TIMEOUT) },
  {
    file: "never_settles.mjs",
    tries: "return a promise that never settles",
    manifest: SHORT_TIME,
    ...everywhere(TIMEOUT),
  },
  {
    file: "deaf_to_end.py",
    tries: "ignore SIGTERM and all other signals",
    manifest: SHORT_TIME,
    ...everywhere(TIMEOUT),
  },
  { file: "busy_loop.py", tries: "loop for ever", manifest: SHORT_CPU, ...everywhere(CPU) },
  { file: "busy_loop.mjs", tries: "loop for ever in JavaScript", manifest: SHORT_CPU, ...everywhere(CPU) },
  {
    file: "busy_and_deaf.py",
    tries: "loop for ever and ignore SIGXCPU",
    manifest: SHORT_CPU,
    ...everywhere(CPU),
  },
  {
    file: "busy_in_native_code.py",
    tries: "hold the interpreter's lock for ever",
    manifest: SHORT_CPU,
    ...everywhere(CPU),
  },
  {
    file: "busy_children.py",
    tries: "let children loop for ever",
    manifest: SHORT_TIME,
    ...everywhere(TIMEOUT),
  },
  {
    ...script("deaf_to_end.sh", SHORT_TIME.limits),
    tries: "ignore signals in a shell script",
    ...everywhere(TIMEOUT),
  },
  {
    ...script("busy_loop.sh", SHORT_CPU.limits),
    tries: "loop for ever in a shell script",
    ...everywhere({
      outcome: "error",
      says: /more processor time than limits\.cpu/,
      inWords: "fails at `limits.cpu`",
    }),
    // Its machine is watched as a whole, which may be seen first: then the log names the limit, too.
    microvm: {
      outcome: ["killed", "error"],
      says: /more processor time/,
      inWords: "is ended, or fails, at `limits.cpu`",
    },
  },
];
