import { guestReadyHead } from "../../answers.ts";
import { FrameType } from "../../protocol.ts";
import { Channel, connectionOf } from "../channel.ts";
import type { Machine } from "./machine.ts";

/** Wait for a machine's first words. @returns the modules that it has imported. @throws Error where none come. */
export async function firstWords(machine: Machine, seconds: number): Promise<string[]> {
  const said = Promise.withResolvers<string[]>();
  new Channel(connectionOf(machine.stream("control")), {
    onFrame: ({ type, head }) => {
      if (type === FrameType.ready) said.resolve(guestReadyHead.parse(head).preloaded);
    },
    onBroken: (reason) => said.reject(new Error(reason)),
    onClosed: () => {},
  });
  const timer = setTimeout(() => {
    said.reject(new Error(`it was not ready after ${seconds} s`));
  }, seconds * 1000);
  const ended = machine.ended.then((reason) => {
    throw new Error(reason);
  });
  try {
    return await Promise.race([said.promise, ended]);
  } finally {
    clearTimeout(timer);
    ended.catch(() => {});
  }
}
