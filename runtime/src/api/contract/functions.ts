import { z } from "zod";
import { manifestSchema } from "../../configuration/manifest.ts";

/** A zip of the greatest size in base64, and something around it. */
export const MAX_UPLOAD_BODY_BYTES = 96 * 1024 ** 2;

const ALIAS = /^[a-z][a-z0-9-]{0,62}$/;
const GREATEST_VERSION = 999_999_999;

/** Text that a database can keep. */
const storableText = (most: number) =>
  z
    .string()
    .max(most)
    .refine((text) => text.isWellFormed() && !text.includes("\0"), "expected text without the character 0");

const time = z
  .date()
  .transform((date) => date.toISOString())
  .pipe(z.iso.datetime());

const name = manifestSchema.shape.name;
const alias = z
  .string()
  .regex(ALIAS, "expected lower-case letters, digits and dashes, 63 at most, a letter first");
const versionNumber = z.int().min(1).max(GREATEST_VERSION);

export const functionParams = z.object({ name });
export const versionParams = z.object({
  name,
  version: z
    .string()
    .regex(/^([1-9]\d{0,8}|[a-z][a-z0-9-]{0,62})$/, "expected the number of a version, or an alias")
    .describe("Number of a version, or an alias."),
});
export const aliasParams = z.object({ name, alias });

const manifest = z
  .record(z.string(), z.unknown())
  .describe("As in a function.yaml, without `name` and `source`: see the reference of the manifest.");
const code = {
  files: z
    .record(z.string(), z.string())
    .optional()
    .describe("Code as text: paths inside the package, and what the files hold."),
  zip: z
    .string()
    .regex(/^[A-Za-z0-9+/]*={0,2}$/, "expected base64")
    .optional()
    .describe("Code as a zip, in base64."),
  url: z.string().max(4_000).optional().describe("Where to fetch the code from: a zip or a source file."),
};
const comment = storableText(1_000).default("").describe("What this version is about.");

export const createBody = z.strictObject({
  name,
  owner: storableText(255).min(1).optional().describe("The caller unless an administrator says otherwise."),
  manifest,
  ...code,
  comment,
});
export const deployBody = z.strictObject({
  manifest,
  ...code,
  comment,
  ifVersion: versionNumber.optional().describe("Deploy only where this version runs."),
});
export const checkBody = z.strictObject({ name: name.optional(), manifest, ...code });
export const rollbackBody = z.strictObject({ version: z.union([versionNumber, alias]) });
export const loadBody = z.strictObject({
  waitSeconds: z.number().min(0).max(60).default(10).describe("How long to wait for it."),
});
export const loadAnswer = z.object({
  state: z
    .enum(["loaded", "failed", "loading", "absent"])
    .describe(
      "loading: it takes longer than was waited; absent: it is paused, or does not run in the instance that answers.",
    ),
  reason: z.string().nullable().describe("Why it is not loaded."),
  traceback: z.string().nullable(),
  version: z.int().nullable().describe("What was loaded, or could not be; null where it was not tried."),
});
export const aliasBody = z.strictObject({ version: versionNumber });

const STATES = ["serving", "paused", "deleted", "shadowed"] as const;

/** Filters of the list of functions. */
export const functionFilter = {
  owner: storableText(255).optional().describe("Functions of this user."),
  text: storableText(255).optional().describe("Part of the name or of the description."),
  state: z.enum(STATES).optional().describe("Without it, all but deleted ones; of these one sees one's own."),
};

const finding = z.object({
  severity: z.enum(["error", "warning"]),
  file: z.string().describe("Empty where it is about the package as a whole."),
  line: z.int().nullable().describe("From 1."),
  column: z.int().nullable().describe("From 1."),
  message: z.string(),
  rule: z.string(),
});

export const functionSummary = z.object({
  name: z.string(),
  owner: z.string(),
  description: z.string(),
  origin: z.enum(["api", "file"]),
  file: z.string().nullable().describe("The configuration file that declares it, where one does."),
  state: z
    .enum(STATES)
    .describe("shadowed: the configuration file has a function of its name or output key, which runs."),
  language: z.string(),
  class: z.union([z.string(), z.number()]),
  triggers: z.array(z.record(z.string(), z.unknown())).describe("As the manifest has them."),
  version: z.int().nullable().describe("The version that runs; null for a function of a file."),
  createdAt: time.nullable(),
  updatedAt: time.nullable(),
  updatedBy: z.string().nullable(),
  deletedAt: time.nullable(),
  loadProblem: z
    .string()
    .nullable()
    .describe("Why it cannot be loaded, in the instance that answers; null where it is, or was not tried."),
});
export const functionDetails = functionSummary.extend({
  aliases: z.record(z.string(), z.int()),
  manifest: z.record(z.string(), z.unknown()).nullable().describe("Null where it is somebody else's."),
  warnings: z
    .array(finding)
    .nullable()
    .describe("What was found in the code; null where it is somebody else's."),
});
export const deployAnswer = functionDetails.extend({
  isNewVersion: z.boolean().describe("False where all is as in the version that runs."),
});

export const versionSummary = z.object({
  version: z.int(),
  isCurrent: z.boolean(),
  aliases: z.array(z.string()),
  package: z.string().describe("SHA-256 of the code, in hexadecimal."),
  comment: z.string(),
  createdAt: time,
  createdBy: z.string(),
});
export const versionDetails = versionSummary.extend({
  manifest: z.record(z.string(), z.unknown()),
  warnings: z.array(finding),
  files: z.array(z.string()),
});

export const checkAnswer = z.object({
  isAccepted: z.boolean().describe("Whether it could be deployed."),
  isNameFree: z.boolean().nullable().describe("Null where no name was given."),
  problems: z.array(z.string()).describe("What is wrong besides the code."),
  findings: z.array(finding),
});
