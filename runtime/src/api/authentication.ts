import type { IncomingMessage } from "node:http";
import type { Caller } from "../access/caller.ts";

/**
 * Finds out who asks.
 *
 * @returns undefined where the request shows nothing.
 * @throws ApiProblem where it shows something that is not valid.
 */
export type Authenticate = (request: IncomingMessage) => Caller | undefined | Promise<Caller | undefined>;
