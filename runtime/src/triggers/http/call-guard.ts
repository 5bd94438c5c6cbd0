import type { IncomingMessage } from "node:http";
import type { Problem } from "./problem.ts";

/** Who calls, where that is asked for; or why they may not. */
export type Passed = { readonly user: string } | Problem;

/** Finds out whether a request may call functions: at once where its sender is known, else as a promise. */
export type CallGuard = (request: IncomingMessage) => Passed | Promise<Passed>;
