import { z } from "zod";

/** As long as Grafana's logins get. */
const MAX_CHARACTERS = 190;

/** Control characters, and those that are not seen or turn what follows around. */
const UNSEEN = "\\u0000-\\u001f\\u007f-\\u00a0\\u200b-\\u200f\\u2028-\\u202f\\u2060-\\u206f\\ufeff";
/** Names stand in paths. */
const FORBIDDEN = `${UNSEEN}/`;

/** A line of text that can be shown anywhere. */
export function lineOf(maxCharacters: number) {
  return z
    .string()
    .min(1)
    .max(maxCharacters)
    .regex(new RegExp(`^[^${UNSEEN}]*$`), "expected no control characters")
    .refine((text) => text.isWellFormed(), "expected whole characters");
}

/** Name of a user: a login, as in Grafana. */
export const userName = z
  .string()
  .max(MAX_CHARACTERS)
  .regex(
    new RegExp(`^(?!\\.\\.?$)[^${FORBIDDEN} ]([^${FORBIDDEN}]*[^${FORBIDDEN} ])?$`),
    `expected a login of 1 to ${MAX_CHARACTERS} characters that are seen, without slashes, and without blanks around it`,
  )
  .refine((name) => name.isWellFormed(), "expected whole characters");
