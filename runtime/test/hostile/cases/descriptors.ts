import { everywhere, type HostileCase, NOTHING, SHORT_TIME } from "../case.ts";

/** Floods and forgeries on the descriptors that lead to the runtime. */

const NO_FRAMES = { outcome: "killed", says: /wrote something else than frames/ } as const;
const NOT_ASKED = { outcome: "killed", says: /wrote an answer that was not asked for/ } as const;
const CLOSED = { outcome: "killed", says: /the function's process (closed|ended|crashed)/ } as const;
const DROPPED = {
  logs: /lines dropped: the function writes more than 20 a second/,
  inWords: "the lines beyond its limit are dropped and counted",
} as const;
const OWN_ANSWER = { inWords: "gives its own answer; its worker is ended" } as const;
const TOO_LARGE = { outcome: "killed", inWords: "is ended" } as const;

export const DESCRIPTORS: readonly HostileCase[] = [
  { file: "flood_stdout.py", tries: "print 50 MB", ...everywhere(DROPPED) },
  { file: "flood_console.mjs", tries: "print 20 MB in JavaScript", ...everywhere(DROPPED) },
  { file: "flood_stderr.py", tries: "write 50 MB that are no text to stderr", ...everywhere(NOTHING) },
  {
    file: "flood_logs.py",
    tries: "log 20,000 lines, and forge records",
    ...everywhere(DROPPED),
    // Where a machine is imitated, what logging does for each line may take too long.
    microvm: { ...DROPPED, outcome: ["ok", "timeout"] },
  },
  {
    file: "flood_frames.py",
    tries: "write bytes that are no frames to the runtime",
    ...everywhere(NO_FRAMES),
  },
  { file: "flood_frames.mjs", tries: "the same in JavaScript", ...everywhere(NO_FRAMES) },
  { file: "flood_saved_env.py", tries: "write right messages as fast as it can", ...everywhere(NOTHING) },
  { file: "forge_own_answer.py", tries: "answer its call twice", ...everywhere(OWN_ANSWER) },
  { file: "forge_other_answer.py", tries: "answer another's call", ...everywhere(NOT_ASKED) },
  { file: "forge_saved_env.py", tries: "save an `env` for shards that it never had", ...everywhere(NOTHING) },
  {
    file: "reach_pipes.py",
    tries: "open the pipes of the runtime, the zygote and other workers",
    ...everywhere(NOTHING),
    // The zygote has some while a worker is launched.
    shared: {
      could: ["read from the runtime's pipes", "write to the runtime's pipes"],
      may: ["read from the zygote's pipes", "write to the zygote's pipes"],
    },
  },
  { file: "forge_control.py", tries: "speak for the zygote", ...everywhere(NOT_ASKED) },
  { file: "forge_numbers.py", tries: "tell negative and endless times", ...everywhere(OWN_ANSWER) },
  { file: "forge_outcome.py", tries: "tell an outcome that there is not", ...everywhere(NOT_ASKED) },
  { file: "forge_large_output.py", tries: "forge an output of 60 MiB", ...everywhere(TOO_LARGE) },
  {
    file: "forge_large_env.py",
    tries: "forge a saved `env` of 60 MiB",
    manifest: { state: "function" },
    ...everywhere({ inWords: "its worker is ended, nothing is saved", logs: /the function's process/ }),
  },
  { file: "forge_large_head.py", tries: "forge a message head of 240 MiB", ...everywhere(TOO_LARGE) },
  { file: "forge_deep_head.py", tries: "forge a head nested a million deep", ...everywhere(TOO_LARGE) },
  {
    file: "announce_large_frame.py",
    tries: "announce a message of 200 MiB that never ends",
    manifest: SHORT_TIME,
    ...everywhere({ outcome: ["timeout", "killed"], inWords: "is ended" }),
  },
  { file: "close_descriptors.py", tries: "close all descriptors", ...everywhere(CLOSED) },
  { file: "close_descriptors.mjs", tries: "the same in JavaScript", ...everywhere(CLOSED) },
  {
    file: "duplicate_descriptors.py",
    tries: "answer later, from a child with a copy of the descriptor",
    ...everywhere({ inWords: "its worker is ended" }),
  },
  { file: "inherited_descriptors.py", tries: "use descriptors of others", ...everywhere(NOTHING) },
];
