import { readlink, stat } from "node:fs/promises";
import { type HostileCase, nameOf, type Outcome } from "./case.ts";
import { folderOf, SECRET_BEGINS, type Stage, type StageLine } from "./stage.ts";
import { descendantsOf, scratchFoldersOf } from "./traces.ts";

/** Generous: only a runtime that is gone takes so long, or one whose machines are imitated, and started three times. */
const PATIENCE_MILLISECONDS = { process: 50_000, sandbox: 50_000, microvm: 180_000 } as const;

/** What a call of a hostile function came to. */
export interface Result {
  readonly outcome: Outcome;
  /** What its caller was told, where it failed. */
  readonly detail: string;
  /** What it told that it could do, and of the rest, why not. */
  readonly could: readonly string[];
  readonly why: unknown;
  /** All that its caller got. */
  readonly text: string;
  /** What the runtime's log says of it since the call began. */
  readonly lines: () => readonly StageLine[];
  readonly seconds: number;
}

/** What each hostile function is told: where the others are, so that not finding them protects nobody. */
export async function bearings(stage: Stage): Promise<object> {
  const { pids, ports, token, configuration, redis } = stage;
  const workers = await descendantsOf(pids.zygote);
  const [scratch] = await scratchFoldersOf(stage);
  return {
    pids: { ...pids, neighbour: workers.at(-1) },
    ports,
    token,
    configuration,
    secretBegins: SECRET_BEGINS,
    namespaces: { net: await readlink(`/proc/${pids.runtime}/ns/net`) },
    user: (await stat(`/proc/${pids.runtime}`)).uid,
    neighbour: {
      folder: folderOf(stage, "neighbour-http"),
      scratch: scratch ?? "/nowhere",
      envKey: (await redis.client.keys("gaugelet:env:*neighbour-http*"))[0] ?? "",
    },
  };
}

export async function attack(stage: Stage, hostile: HostileCase, event: object): Promise<Result> {
  const name = nameOf(hostile);
  const from = stage.log.length;
  const started = performance.now();
  const response = await fetch(`http://127.0.0.1:${stage.ports.runtime}/functions/${name}`, {
    method: "POST",
    body: hostile.body ?? JSON.stringify(event),
    signal: AbortSignal.timeout(PATIENCE_MILLISECONDS[stage.position.level]),
  });
  const text = Buffer.from(await response.arrayBuffer()).toString("latin1");
  const answer = parse(text);
  const isOk = response.status === 200;
  return {
    outcome: isOk ? "ok" : (String(answer.type).replace("/problems/", "") as Outcome),
    detail: isOk ? "" : String(answer.detail),
    could: isOk && Array.isArray(answer.could) ? answer.could : [],
    why: answer.why,
    text,
    lines: () => stage.log.slice(from).filter((line) => line.function === name),
    seconds: (performance.now() - started) / 1000,
  };
}

/** A hostile function may have forged anything. */
function parse(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
