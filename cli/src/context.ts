import type { Readable } from "node:stream";
import { Client } from "./client.ts";
import { type Connection, type ConnectionOptions, findConnection } from "./connection.ts";
import { EXIT_CODES } from "./failure.ts";
import { Output, type Streams } from "./output.ts";

/** What a command has of the world. */
export interface World extends Streams {
  readonly environment: NodeJS.ProcessEnv;
  readonly folder: string;
  /** Where the command itself lies, if that is a repository. */
  readonly repository?: string;
  readonly input: Readable & { readonly isTTY?: boolean };
}

/** Options of every command. */
export interface GlobalOptions extends ConnectionOptions {
  readonly json?: boolean;
}

/** What a command works with, once its options are read. */
export class Context {
  readonly world: World;
  /** What the process is to end with where nothing fails. */
  exitCode: number = EXIT_CODES.ok;
  readonly #options: () => GlobalOptions;

  /** @param options of the program, which are there only after its arguments were read. */
  constructor(world: World, options: () => GlobalOptions) {
    this.world = world;
    this.#options = options;
  }

  get options(): GlobalOptions {
    return this.#options();
  }

  get output(): Output {
    return new Output(this.world, this.options.json === true);
  }

  async connection(): Promise<Connection> {
    const { environment, folder, repository } = this.world;
    return await findConnection(this.options, environment, folder, repository);
  }

  async client(): Promise<Client> {
    return new Client(await this.connection());
  }
}
