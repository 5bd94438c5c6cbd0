import { type HostileCase, NOTHING, script } from "../case.ts";

/** Sockets to what is not its own. */
export const NETWORK: readonly HostileCase[] = [
  {
    file: "reach_redis.py",
    tries: "read another function's `env` in Redis",
    process: { could: ["read another function's env in Redis"] },
    sandbox: NOTHING,
  },
  {
    file: "reach_database.py",
    tries: "connect to the port of PostgreSQL",
    process: { could: ["connect to a database's port"] },
    sandbox: NOTHING,
  },
  {
    file: "reach_runtime.py",
    tries: "use the runtime's own ports",
    process: {
      could: ["read the runtime's status page", "call another function", "read the runtime's metrics"],
    },
    sandbox: NOTHING,
  },
  {
    file: "reach_network.py",
    tries: "reach the network",
    process: {
      could: ["be in the machine's network"],
      may: ["see another interface than its own", "listen for others"],
    },
    sandbox: NOTHING,
  },
  {
    file: "reach_network.mjs",
    tries: "the same, and the ports above, in JavaScript",
    process: {
      could: ["connect to Redis", "connect to a database's port", "connect to the runtime"],
    },
    sandbox: NOTHING,
  },
  {
    file: "unusual_sockets.py",
    tries: "open sockets of unusual kinds",
    process: {
      may: [
        "open a netlink audit socket",
        "open a netlink uevent socket",
        "open a netlink netfilter socket",
        "open a netlink generic socket",
        "open a virtual machine socket",
        "open a kernel cryptography socket",
        "open a bluetooth socket",
        "open a remote direct memory socket",
      ],
    },
    sandbox: NOTHING,
  },
  {
    ...script("reach_network.sh"),
    tries: "connect to Redis, a database and the runtime in a shell script",
    process: { could: ["connect to Redis", "connect to a database's port", "connect to the runtime"] },
    sandbox: NOTHING,
  },
];
