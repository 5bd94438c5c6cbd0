import { availableParallelism } from "node:os";
import { LRUCache } from "lru-cache";
import pLimit from "p-limit";
import type { Language } from "../../configuration/manifest.ts";
import { checkJavaScript } from "./check-javascript.ts";
import { checkPython } from "./check-python.ts";
import { checkScript } from "./check-script.ts";
import type { Finding } from "./findings.ts";
import type { CodeToCheck } from "./source-files.ts";

/** What was found in as many packages is known. */
const KNOWN_PACKAGES = 1_000;
/** One that has more is looked through anew. */
const MOST_KNOWN_FINDINGS = 100;

const CHECKS: Readonly<Record<Language, (code: CodeToCheck) => Promise<Finding[]>>> = {
  python: checkPython,
  javascript: checkJavaScript,
  typescript: checkJavaScript,
  script: checkScript,
};

/**
 * Looks through code, each in a process of its own: as many at a time as there are processors, so that a flood of
 * uploads leaves the machine to the functions, and equal code once.
 */
export class CodeChecks {
  readonly #limit = pLimit(availableParallelism());
  readonly #known = new LRUCache<string, readonly Finding[]>({ max: KNOWN_PACKAGES });

  /**
   * @param digest of the code.
   * @throws PackageError where it cannot be looked through.
   */
  async findingsIn(code: CodeToCheck, language: Language, digest: string): Promise<readonly Finding[]> {
    const key = `${digest} ${language} ${code.handler}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const findings = await this.#limit(() => CHECKS[language](code));
    // What ran out of time or memory may not, another time.
    const isFinal = !findings.some(({ severity }) => severity === "error");
    if (isFinal && findings.length <= MOST_KNOWN_FINDINGS) this.#known.set(key, findings);
    return findings;
  }
}
