import { everywhere, type HostileCase, NOTHING, SHORT_TIME, script } from "../case.ts";

const OTHERS = ["runtime", "zygote", "neighbour"];

/** Other processes, and processes of its own without end. */
export const PROCESSES: readonly HostileCase[] = [
  {
    file: "signal_others.py",
    tries: "send signals to the runtime, the zygote, other workers",
    ...everywhere(NOTHING),
    shared: {
      could: [
        ...OTHERS.flatMap((name) => [`signal the ${name}`, `signal the ${name}'s group`]),
        "signal its parent",
      ],
    },
  },
  {
    file: "signal_others.mjs",
    tries: "the same in JavaScript",
    ...everywhere(NOTHING),
    shared: { could: OTHERS.map((name) => `signal the ${name}`) },
  },
  {
    file: "signal_everything.py",
    tries: "kill every process that it may",
    ...everywhere(NOTHING),
    shared: { could: ["kill all that is the runtime's user's"] },
  },
  {
    file: "trace_others.py",
    tries: "trace others, read their memory, take their descriptors",
    ...everywhere(NOTHING),
    shared: {
      could: [],
      may: [
        ...["runtime", "zygote"].flatMap((name) => [
          `trace the ${name}`,
          `read the ${name}'s memory`,
          `take the ${name}'s descriptors`,
        ]),
        "trace its parent",
      ],
    },
  },
  {
    file: "fork_bomb.py",
    tries: "start processes without end",
    ...everywhere({ outcome: "error", limit: "processes", says: /limits\.processes is reached/ }),
  },
  {
    file: "fork_bomb.mjs",
    tries: "the same in JavaScript",
    ...everywhere({ outcome: "error", limit: "processes", says: /limits\.processes is reached/ }),
  },
  {
    file: "fork_bomb_of_bombs.py",
    tries: "start processes that start processes, deaf to signals",
    manifest: SHORT_TIME,
    ...everywhere({
      outcome: ["timeout", "killed"],
      // Which comes first is the machine's speed: each of its processes has pages of its own.
      says: /limits\.(timeout|cpu|memory)/,
      inWords: "is ended at its limit",
    }),
  },
  {
    file: "many_threads.py",
    tries: "start 10,000 threads",
    ...everywhere({ outcome: "error", limit: "processes", says: /limits\.processes is reached/ }),
  },
  {
    file: "many_threads.mjs",
    tries: "start 1,000 threads in JavaScript",
    ...everywhere({
      outcome: ["error", "killed"],
      says: /limits\.(processes|memory|openFiles)|the function's process crashed/,
      inWords: "is ended at its limit",
    }),
  },
  {
    file: "leave_children.py",
    tries: "leave a child behind, in a session of its own",
    ...everywhere({ inWords: "the child ends with the worker" }),
  },
  {
    file: "leave_threads.py",
    tries: "leave busy threads behind",
    ...everywhere({ inWords: "the threads end with the worker" }),
  },
  {
    file: "leave_work.mjs",
    tries: "leave timers and errors behind, in JavaScript",
    ...everywhere({ inWords: "nothing: its own worker is ended" }),
  },
  {
    file: "raise_limits.py",
    tries: "raise its limits, leave its control group, go before others",
    ...everywhere(NOTHING),
  },
  {
    ...script("fork_bomb.sh", SHORT_TIME.limits),
    tries: "start processes without end in a shell script",
    ...everywhere({ outcome: ["timeout", "error", "killed"], inWords: "is ended at its limit" }),
  },
  {
    ...script("leave_children.sh"),
    tries: "leave a child behind in a shell script, in a session of its own",
    ...everywhere({ inWords: "the child ends with the worker" }),
  },
];
