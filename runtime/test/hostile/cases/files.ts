import { everywhere, type HostileCase, NOTHING, script } from "../case.ts";

/** Reading and writing what is others'. */
export const FILES: readonly HostileCase[] = [
  { file: "read_shadow.py", tries: "read `/etc/shadow`", ...everywhere(NOTHING) },
  {
    file: "read_runtime_environment.py",
    tries: "read environment and memory of the runtime and the zygote",
    ...everywhere(NOTHING),
    shared: {
      could: [
        "read the runtime's environment",
        "open the runtime's memory",
        "read the zygote's environment",
        "open the zygote's memory",
      ],
      seesSecret: true,
    },
  },
  {
    file: "read_runtime_environment.mjs",
    tries: "the same, and `/etc/shadow`, in JavaScript",
    ...everywhere(NOTHING),
    shared: {
      could: ["read the runtime's environment", "read the zygote's environment"],
      seesSecret: true,
    },
  },
  {
    file: "search_memory.py",
    tries: "find secrets of others in its memory, a copy of the zygote's",
    ...everywhere(NOTHING),
    shared: { outcome: "error", says: /PermissionError/, inWords: "nothing: it cannot read it in this way" },
  },
  {
    file: "read_other_function.py",
    tries: "read another function's code, configuration, scratch folder",
    process: { could: ["list another function's folder", "read another function's code"] },
    shared: {
      could: [
        "list another function's folder",
        "read another function's code",
        "read the configuration file",
        "read another worker's scratch folder",
      ],
    },
    sandbox: NOTHING,
  },
  {
    file: "read_other_worker.py",
    tries: "look into another worker's process",
    process: { could: ["read another worker's command line", "see processes of others"] },
    sandbox: NOTHING,
  },
  {
    file: "write_outside.py",
    tries: "write outside its folder",
    process: {
      could: ["write into /tmp", "write into /var/tmp", "write into /dev/shm"],
      inWords: "can write into `/tmp`, `/var/tmp`, `/dev/shm`; it stays there",
    },
    sandbox: {
      could: ["write into /tmp", "write into /dev/shm"],
      inWords: "nothing: its `/tmp` and `/dev/shm` are its own",
    },
  },
  {
    file: "write_code.py",
    tries: "change code: its own, others', the worker's, the language's",
    ...everywhere(NOTHING),
    shared: { could: ["change its own code", "add to its own code", "change another function's code"] },
  },
  {
    file: "follow_links.py",
    tries: "read through symbolic links in its package",
    process: { could: ["read another function's code", "list the machine's root"] },
    shared: {
      could: ["read the configuration file", "read another function's code", "list the machine's root"],
    },
    sandbox: NOTHING,
  },
  {
    file: "unreadable_package.py",
    tries: "get another user by a file in its package that its own cannot read",
    process: { outcome: ["ok", "load-failed", "unavailable"], inWords: "nothing" },
    shared: { could: ["read the configuration file", "signal the runtime"] },
    sandbox: NOTHING,
  },
  {
    ...script("read_shadow.sh"),
    tries: "read `/etc/shadow`, environment and memory of the runtime in a shell script",
    ...everywhere(NOTHING),
    shared: { could: ["read the runtime's environment"] },
  },
];
