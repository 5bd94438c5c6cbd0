import { Descriptor } from "../workers/protocol.ts";
import { setUpLogs, waitForReaders } from "./logs.ts";
import { Worker } from "./serving.ts";
import { ExitCall, endStacksAtFunction } from "./user-errors.ts";

/** The process that hosts one user's JavaScript or TypeScript function: docs/reference/worker-protocol.md. */

const exit = process.exit.bind(process);
process.exit = (code) => {
  throw new ExitCall(code);
};
// Of a stack, as many lines as are shown of one in Python.
Error.stackTraceLimit = 30;
endStacksAtFunction();
// Ctrl-C in the terminal of `npm start` is for the runtime, which then ends its workers in order.
process.on("SIGINT", () => {});
waitForReaders();
setUpLogs(Descriptor.records);
new Worker(exit);
