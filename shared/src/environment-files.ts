import { readFileSync } from "node:fs";
import { ConfigurationError } from "./configuration.ts";

/**
 * The text of a file that a variable names.
 *
 * @param variable its name, for the message.
 * @returns undefined where it names none.
 * @throws ConfigurationError where it cannot be read.
 */
export function readEnvironmentFile(variable: string, file: string | undefined): string | undefined {
  if (file === undefined) return undefined;
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const problem = `${variable}: cannot be read: ${(error as Error).message}`;
    throw new ConfigurationError(`environment: ${problem}`, { cause: error });
  }
}

/**
 * A secret that is given itself, or in a file.
 *
 * @param variable the name of the one that holds it; `…_FILE` names the file.
 * @throws ConfigurationError where both are set, or the file cannot be read or is empty.
 */
export function readSecret(
  variable: string,
  given: string | undefined,
  file: string | undefined,
): string | undefined {
  if (file === undefined) return given;
  if (given !== undefined) {
    throw new ConfigurationError(
      `environment: ${variable} and ${variable}_FILE are both set; unset one of them`,
    );
  }
  // Editors and echo end a file with a line break.
  const secret = readEnvironmentFile(`${variable}_FILE`, file)?.replace(/\r?\n$/, "");
  if (secret === "") throw new ConfigurationError(`environment: ${variable}_FILE: ${file} is empty`);
  return secret;
}
