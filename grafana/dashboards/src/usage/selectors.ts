import { ofFunction, scope } from "../scope.ts";

/** Of the chosen owners. */
export const ofOwner = `${scope}, owner=~"$owner"`;

/** Of the chosen owners, functions and classes. */
export const ofUsage = `${ofFunction}, owner=~"$owner", class=~"$class"`;
