import type { Headers } from "./topics.ts";

/** Header with the name that an event's producer gave it: a second copy with the same name is not handled again. */
const EVENT_ID = "gaugelet-event-id";
/** Header with the name of the user who published an event through the API: the run is theirs to see. */
const PUBLISHER = "gaugelet-user";
/** Header with the number of functions that an event has come through. */
const HOPS = "gaugelet-hops";

/** More functions in a row than this are a loop. */
export const MAX_HOPS = 16;

/** The headers of an event that a function makes of another one: the same each time it does. */
export function derivedHeaders(parentId: string, functionName: string, hops: number): Headers {
  return { [EVENT_ID]: `${parentId}>${functionName}`, [HOPS]: String(hops) };
}

/** The name that its producer gave an event; undefined: none. */
export function givenId(headers: Headers): string | undefined {
  return headers[EVENT_ID];
}

/** Headers with the name that a producer gives its event. */
export function withEventId(headers: Headers, id: string): Headers {
  return { ...headers, [EVENT_ID]: id };
}

/** Headers with the name of the user who publishes an event. */
export function withPublisher(headers: Headers, user: string): Headers {
  return { ...headers, [PUBLISHER]: user };
}

/** Who published an event, or all of several; undefined: nobody that is known, or different ones. */
export function publisherOf(events: readonly { readonly headers: Headers }[]): string | undefined {
  const user = events[0]?.headers[PUBLISHER];
  return events.every(({ headers }) => headers[PUBLISHER] === user) ? user : undefined;
}

/** How many functions an event has come through. */
export function hopsOf(headers: Headers): number {
  const hops = Number(headers[HOPS] ?? 0);
  return Number.isSafeInteger(hops) && hops > 0 ? hops : 0;
}
