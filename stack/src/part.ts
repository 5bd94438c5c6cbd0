/** How to run a part. */
export interface Command {
  readonly command: string;
  readonly args: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
}

/** Where people find something that a part serves. */
export interface Address {
  readonly title: string;
  readonly url: string;
}

/** One server of the stack. */
export interface Part {
  /** Also the base name of its log file. */
  readonly name: string;
  readonly addresses: readonly Address[];
  /** Write what it reads at its start, and say how to run it. Called before each start. */
  prepare(): Promise<Command>;
  /** One look at whether it answers; false or an error: not yet. */
  isReady(): Promise<boolean>;
  /** Take away what it may leave behind after it ended or was killed. */
  cleanUp?(): Promise<void>;
}
