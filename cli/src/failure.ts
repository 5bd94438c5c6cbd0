/** What the command ends with: scripts depend on these numbers, and docs/reference/cli.md lists them. */
export const EXIT_CODES = { ok: 0, failed: 1, usage: 2, denied: 3, away: 4 } as const;

/**
 * Say of a file that it cannot be written, as the reader of a promise's error.
 *
 * @throws CommandFailure
 */
export function cannotWrite(path: string): (error: Error) => never {
  return ({ message }) => {
    throw new CommandFailure("failed", `${path} cannot be written: ${message}`);
  };
}

/** Why a command cannot do what it was asked for: the message says what is wrong and what to do. */
export class CommandFailure extends Error {
  override readonly name = "CommandFailure";
  readonly exitCode: number;
  /** What the server said besides, for `--json`. */
  readonly problem: Readonly<Record<string, unknown>> | undefined;

  constructor(reason: keyof typeof EXIT_CODES, message: string, problem?: Readonly<Record<string, unknown>>) {
    super(message);
    this.exitCode = EXIT_CODES[reason];
    this.problem = problem;
  }
}
