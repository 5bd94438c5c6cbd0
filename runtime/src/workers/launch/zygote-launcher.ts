import type { Logger } from "pino";
import { WorkerDiedError } from "../errors.ts";
import type { Launcher, LaunchSpec, StartMethod, Transport, TransportListener } from "../transport.ts";
import type { PythonProgram } from "./python-program.ts";
import { Zygote, type ZygoteOptions } from "./zygote.ts";

/** A zygote tells within a minute what became of a launch. */
const SILENCE_SECONDS = 120;

/**
 * Forks workers from a Python process that has imported what functions need: the zygote. It is started with
 * the first worker, and again with the next one after it has ended; its workers end with it. One that says nothing
 * any more is ended.
 */
export class ZygoteLauncher implements Launcher {
  readonly #options: ZygoteOptions;
  #zygote: Promise<Zygote> | undefined;
  #isWarm = false;
  #stopped = false;

  /**
   * @param preload names of the modules to import before anything is forked; missing ones are left out.
   * @param silenceSeconds for how long a zygote that was asked for a worker may say nothing.
   */
  constructor(
    program: PythonProgram,
    preload: readonly string[],
    log: Logger,
    silenceSeconds = SILENCE_SECONDS,
  ) {
    this.#options = { program, preload, log, silenceSeconds };
  }

  async launch(spec: LaunchSpec, listener: TransportListener): Promise<Transport> {
    const [zygote, startMethod] = await this.#warm();
    return await zygote.launch(spec, listener, startMethod);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await (await this.#zygote?.catch(() => undefined))?.stop();
  }

  /** The zygote, and what that makes of a worker that it forks now. */
  async #warm(): Promise<[Zygote, StartMethod]> {
    if (this.#stopped) {
      throw new WorkerDiedError({ reason: "was not started: the runtime stops", limit: undefined });
    }
    const startMethod = this.#isWarm ? "fork" : "first";
    const zygote = this.#zygote ?? Zygote.start(this.#options);
    if (this.#zygote === undefined) this.#remember(zygote);
    return [await zygote, startMethod];
  }

  #remember(zygote: Promise<Zygote>): void {
    const forget = (): void => {
      if (this.#zygote !== zygote) return;
      this.#zygote = undefined;
      this.#isWarm = false;
    };
    this.#zygote = zygote;
    zygote.then(({ ended }) => {
      this.#isWarm = true;
      return ended.then(forget);
    }, forget);
  }
}
