import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import type { ListenAddress } from "../configuration/environment.ts";
import type { FunctionRunner } from "../functions/function-runner.ts";
import type { InstanceRecord } from "./instance.ts";
import { addressOf, machineFacts, machineState } from "./machine.ts";

const MOST_FUNCTIONS = 1_000;
const ID_BYTES = 4;

/** A name for this process that no other one has. */
export function newInstanceId(): string {
  const host = hostname().replaceAll(/[^A-Za-z0-9.-]/g, "-");
  return `${host}-${randomBytes(ID_BYTES).toString("hex")}`;
}

/** What {@link describeInstance} is told. */
export interface InstanceParts {
  readonly id: string;
  readonly image: string | null;
  readonly stateFolder: string;
  /** Where calls and the API are listened to. */
  readonly listen: () => ListenAddress | undefined;
  readonly runners: () => readonly FunctionRunner[];
}

/** What describes this process, each time that it is asked. */
export function describeInstance({ id, image, stateFolder, listen, runners }: InstanceParts) {
  const facts = machineFacts();
  const startedAt = new Date(performance.timeOrigin).toISOString();
  return async (): Promise<InstanceRecord> => {
    const all = runners();
    const isReady = all.every(
      ({ status, isOwnerKnown }) => status.workerState.kind !== "starting" && isOwnerKnown,
    );
    return {
      id,
      state: isReady ? "ready" : "starting",
      processId: process.pid,
      address: addressOf(listen()),
      image,
      startedAt,
      seenAt: new Date().toISOString(),
      uptimeSeconds: Math.round(performance.now() / 1000),
      functionCount: all.length,
      functions: functionsOf(all),
      ...(await facts),
      ...(await machineState(stateFolder)),
    };
  };
}

function functionsOf(runners: readonly FunctionRunner[]): InstanceRecord["functions"] {
  const listed =
    runners.length <= MOST_FUNCTIONS
      ? runners
      : [...runners]
          .sort((a, b) => b.status.workerCounts.ready - a.status.workerCounts.ready)
          .slice(0, MOST_FUNCTIONS);
  return listed.map(({ definition, status, otherOwner }) => ({
    name: definition.name,
    version: status.version,
    state: status.workerState.kind,
    workers: status.workerCounts.ready,
    isStandby: otherOwner !== undefined,
  }));
}
