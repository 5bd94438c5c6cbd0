import { z } from "zod";
import type { Finding } from "./findings.ts";

/** What the programs that look through code write, a JSON object a line. */
const line = z.union([
  z.strictObject({ checking: z.string() }),
  z.strictObject({ warnings: z.literal(true) }),
  z.strictObject({ done: z.literal(true) }),
  z.strictObject({
    finding: z.strictObject({
      severity: z.enum(["error", "warning"]),
      file: z.string(),
      line: z.number().nullable(),
      column: z.number().nullable(),
      message: z.string(),
      rule: z.string(),
    }),
  }),
]);

/** What a check has said until it ended. */
export class CheckerOutput {
  readonly findings: Finding[] = [];
  /** The file that was looked at last. */
  readonly file: string | undefined;
  readonly isDone: boolean = false;
  readonly #onlyWarnings: boolean = false;

  constructor(text: string) {
    // After the last line break is what the end cut off.
    for (const each of text.split("\n").slice(0, -1)) {
      const said = line.parse(JSON.parse(each));
      if ("checking" in said) this.file = said.checking;
      else if ("finding" in said) this.findings.push(said.finding);
      else if ("warnings" in said) this.#onlyWarnings = true;
      else this.isDone = true;
    }
  }

  /** The finding that says that the check came to no end. Warnings that are missing keep no code from being stored. */
  unfinished(reason: string): Finding {
    const place = { file: this.file ?? "", line: null, column: null };
    return this.#onlyWarnings
      ? {
          severity: "warning",
          ...place,
          message: `warnings are missing: the compiler ${reason}`,
          rule: "unfinished",
        }
      : {
          severity: "error",
          ...place,
          message: `it cannot be checked: the compiler ${reason}`,
          rule: "unfinished",
        };
  }
}
