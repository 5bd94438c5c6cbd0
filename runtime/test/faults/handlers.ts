/** Counts its events in `env`: how many, their sum, the last one, those left out and those that came again. */
export const COUNTS = `import time

def handler(input, context):
    env = context.env
    n, last = input["n"], env.get("last", 0)
    if input.get("poison"):
        raise ValueError("poison")
    time.sleep(input.get("wait", 0))
    if n > last + 1:
        env.setdefault("gaps", []).append([last + 1, n - 1])
    elif n <= last:
        env["doubled"] = env.get("doubled", 0) + 1
    env["count"] = env.get("count", 0) + 1
    env["sum"] = env.get("sum", 0) + n
    env["last"] = max(last, n)
    return {"n": n, "count": env["count"], "sum": env["sum"], "last": env["last"],
            "gaps": env.get("gaps", []), "doubled": env.get("doubled", 0)}
`;

/** As {@link COUNTS}, and takes a few milliseconds, so that something is always under way. */
export const COUNTS_SLOWLY = COUNTS.replace("env = context.env", "env = context.env; time.sleep(0.002)");

/** Passes its event on. */
export const PASSES = `def handler(input, context):
    return {"n": input["n"]}
`;

/** Writes its event's number to the list \`outside\` of a Redis by itself: an effect that nobody can take back. */
export function writesOutside(port: number): string {
  return `import socket

connection = None

def handler(input, context):
    global connection
    n = str(input["n"])
    while True:
        try:
            if connection is None:
                connection = socket.create_connection(("127.0.0.1", ${port}), timeout=5)
            connection.sendall(f"*3\\r\\n$5\\r\\nRPUSH\\r\\n$7\\r\\noutside\\r\\n\${len(n)}\\r\\n{n}\\r\\n".encode())
            if connection.recv(64)[:1] == b":":
                return {"n": input["n"]}
            raise OSError("refused")
        except OSError:
            connection = None
            raise
`.replaceAll("\\$", "$");
}

/** What {@link COUNTS} stores. */
export interface Counted {
  readonly n: number;
  readonly count: number;
  readonly sum: number;
  readonly last: number;
  readonly gaps: readonly (readonly [number, number])[];
  readonly doubled: number;
}

/** As {@link COUNTS}, for each of several sources, such as keys that go to different partitions. */
export const COUNTS_BY_SOURCE = `import time

def handler(input, context):
    time.sleep(input.get("wait", 0))
    of = context.env.setdefault(input["source"], {"count": 0, "sum": 0, "last": 0, "gaps": [], "doubled": 0})
    n, last = input["n"], of["last"]
    if n > last + 1:
        of["gaps"].append([last + 1, n - 1])
    elif n <= last:
        of["doubled"] += 1
    of["count"] += 1
    of["sum"] += n
    of["last"] = max(last, n)
    return context.env
`;

/** What {@link COUNTS_BY_SOURCE} stores. */
export type CountedBySource = Readonly<Record<string, Omit<Counted, "n">>>;
