import { closeSync, constants, openSync } from "node:fs";
import { Socket } from "node:net";
import type { AnswerHead } from "../answers.ts";
import type { Connection } from "./channel.ts";
import type { WorkerStreams } from "./process-transport.ts";

const READ_BYTES = 64 * 1024;

/**
 * Open the runtime's ends of a worker's pipes.
 *
 * @param folder with the descriptors of the zygote, which holds them.
 * @throws Error where one of them cannot be opened, and then none is.
 */
export function openPipes(folder: string, pipes: AnswerHead<"launched">["pipes"]): WorkerStreams {
  if (pipes === undefined) throw new Error("the zygote has told of none");
  const opened: number[] = [];
  const open = (descriptor: number, mode: number): number => {
    const own = openSync(`${folder}/${descriptor}`, mode | constants.O_NONBLOCK);
    opened.push(own);
    return own;
  };
  const { O_RDONLY, O_RDWR } = constants;
  try {
    const stdout = open(pipes.stdout, O_RDONLY);
    const stderr = open(pipes.stderr, O_RDONLY);
    const records = open(pipes.records, O_RDONLY);
    const answers = open(pipes.answers, O_RDONLY);
    // For writing alone it cannot be opened once the worker has ended, of which `ended` tells.
    const requests = open(pipes.requests, O_RDWR);
    return {
      stdout: readable(stdout),
      stderr: readable(stderr),
      records: readable(records),
      frames: frameConnection(answers, requests),
    };
  } catch (error) {
    for (const descriptor of opened) closeSync(descriptor);
    throw error;
  }
}

function readable(descriptor: number): Socket {
  return new Socket({ fd: descriptor, readable: true, writable: false });
}

/** So much comes over this one that memory of its own for each chunk would cost more than the rest. */
function frameConnection(answers: number, requests: number): Connection {
  let hear: (buffer: Buffer, length: number) => void = () => {};
  const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  const callback = (count: number): boolean => {
    hear(buffer, count);
    return true;
  };
  return {
    outgoing: new Socket({ fd: requests, readable: false, writable: true }),
    incoming: new Socket({ fd: answers, readable: true, writable: false, onread: { buffer, callback } }),
    onBytes: (hearer) => {
      hear = hearer;
    },
  };
}
