import { ofFunction, recordedOfFunction } from "../scope.ts";

/** Of the chosen functions and topics. */
export const ofTopic = `${ofFunction}, topic=~"$topic"`;
export const recordedOfTopic = `${recordedOfFunction}, topic=~"$topic"`;
