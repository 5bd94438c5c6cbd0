import type { RedisAddress } from "@gaugelet/shared/redis/address";
import { parseKeyPattern } from "@gaugelet/shared/redis/glob";
import type { Logger } from "pino";
import type { HttpOptions } from "../configuration.ts";
import { OutputStore, type StoreListener, type StoreOptions } from "../exposition/output-store.ts";
import type { Limits } from "../limits.ts";
import type { Rule } from "../mapping/rules.ts";
import { AwayLog } from "../sources/away-log.ts";
import { HttpSource } from "../sources/http/http-source.ts";
import { RedisLink } from "../sources/redis/redis-link.ts";
import { RedisSource } from "../sources/redis/redis-source.ts";
import type { Source } from "../sources/source.ts";
import { Target } from "../target.ts";
import { isRedisProtocol } from "./allowed-targets.ts";
import { databaseOf, type ProbeRequest, ProbeRequestError } from "./probe-request.ts";
import { targetHints } from "./target-hints.ts";

/** A module with its rules in the order in which they are tried. */
export interface Module {
  readonly rules: readonly Rule[];
  readonly http: HttpOptions;
}

/** How long a target that nobody probes is kept, in milliseconds. */
const KEEP_MS = 5 * 60_000;
/** What the log calls a target, whose address it names. */
const TARGET = "the target";
/** Targets that are kept; more are forgotten, the longest unused first. */
const MAX_TARGETS = 1_000;

interface Kept {
  readonly target: Target;
  readonly link: RedisLink | undefined;
  usedAt: number;
}

export interface ProbeTargetsOptions {
  readonly modules: ReadonlyMap<string, Module>;
  readonly limits: Limits;
  readonly logger: Logger;
  readonly listener: StoreListener;
}

/**
 * The targets that were probed lately. Each keeps its connection and its text, so that the next probe renders
 * only what changed. A probe reads its keys anew each time, rather than have a Redis tell of changes: there may be
 * hundreds of them.
 */
export class ProbeTargets {
  readonly #options: ProbeTargetsOptions;
  readonly #kept = new Map<string, Kept>();
  readonly #sweep: NodeJS.Timeout;

  constructor(options: ProbeTargetsOptions) {
    this.#options = options;
    this.#sweep = setInterval(() => this.#forget(Date.now() - KEEP_MS), KEEP_MS / 5);
    this.#sweep.unref();
  }

  /** @throws ProbeRequestError where there is no such module. */
  get(request: ProbeRequest): Target {
    const id = JSON.stringify([request.url.href, request.key, request.module]);
    let kept = this.#kept.get(id);
    if (kept === undefined) {
      kept = this.#open(request);
      if (this.#kept.size >= MAX_TARGETS) this.#close(this.#kept.keys().next().value as string);
    }
    kept.usedAt = Date.now();
    // The last of the map is the one used last.
    this.#kept.delete(id);
    this.#kept.set(id, kept);
    return kept.target;
  }

  /**
   * What the rules make of a target right now, leaf by leaf, in words.
   *
   * @throws ProbeRequestError where there is no such module.
   */
  async explain(request: ProbeRequest, within: number): Promise<string> {
    const lines: string[] = [];
    const { target, link } = this.#open(request, (key, path, leaf, rule, outcome, passed) => {
      const by = rule === undefined ? "" : `${rule.at}: `;
      const reasons = [...passed, `${by}${outcome}`].map((reason) => `\n    ${reason}`);
      lines.push(`${key} ${path} = ${JSON.stringify(leaf)}${reasons.join("")}`);
    });
    try {
      const away = await target.refresh(within);
      const problems = target.store.problems.map(
        ({ key, reason, message }) => `${key}: ${reason}: ${message}`,
      );
      return `${[
        `target ${request.url.href}, ${subjectOf(request)}, module ${request.module}`,
        away === undefined ? countOf(target.store.exported) : `the target is away: ${away}`,
        ...problems,
        "",
        ...lines,
        "",
        ...target.pieces({ format: "text", scheme: "allow-utf-8" }).map(String),
      ].join("\n")}\n`;
    } finally {
      target.close();
      link?.close();
    }
  }

  close(): void {
    clearInterval(this.#sweep);
    for (const id of this.#kept.keys()) this.#close(id);
  }

  #open(request: ProbeRequest, explain?: StoreOptions["explain"]): Kept {
    const { modules, limits, listener, logger } = this.#options;
    const module = modules.get(request.module);
    if (module === undefined) {
      throw new ProbeRequestError(`module: expected one of ${[...modules.keys()].join(", ")}`);
    }
    const isRedis = isRedisProtocol(request.url.protocol);
    const store = new OutputStore({
      rules: module.rules,
      limits,
      allowList: !isRedis,
      listener,
      ...(explain === undefined ? {} : { explain }),
    });
    const log = logger.child({ target: request.url.href });
    const { source, link } = isRedis
      ? this.#redisSource(request, store, log)
      : { source: this.#httpSource(request, module, store, log), link: undefined };
    return { target: new Target(source, store, log), link, usedAt: Date.now() };
  }

  #redisSource(
    request: ProbeRequest,
    store: OutputStore,
    logger: Logger,
  ): { source: Source; link: RedisLink } {
    const { limits, listener } = this.#options;
    const address = addressOf(request);
    const link = new RedisLink(address, logger, { what: TARGET, hints: targetHints(request.url.href) });
    const pattern = request.key === undefined ? undefined : parseKeyPattern(request.key);
    const source = new RedisSource({
      link,
      address,
      search: {
        sources: pattern === undefined ? [] : [{ pattern, staleAfter: undefined, host: undefined }],
        announced: pattern === undefined,
        maxOutputs: limits.outputs,
      },
      maxBytes: limits.outputBytes,
      store,
      logger,
      push: false,
      onDrop: (reason) => listener.onDrop(reason),
    });
    return { source, link };
  }

  #httpSource({ url, allowed }: ProbeRequest, { http }: Module, store: OutputStore, logger: Logger): Source {
    const { username, password } = allowed;
    return new HttpSource({
      url,
      http,
      username,
      password,
      maxBytes: this.#options.limits.outputBytes,
      store,
      log: new AwayLog(logger, TARGET, undefined),
    });
  }

  #forget(before: number): void {
    for (const [id, { usedAt }] of this.#kept) if (usedAt < before) this.#close(id);
  }

  #close(id: string): void {
    const kept = this.#kept.get(id);
    this.#kept.delete(id);
    kept?.target.close();
    kept?.link?.close();
  }
}

/** What of a target is asked for, in words. */
function subjectOf({ url, key }: ProbeRequest): string {
  if (!isRedisProtocol(url.protocol)) return "the document";
  return key === undefined ? "the announced outputs" : `key ${key}`;
}

function countOf(exported: number): string {
  return exported === 1 ? "1 output is exported" : `${exported} outputs are exported`;
}

function addressOf({ url, allowed }: ProbeRequest): RedisAddress {
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: Number(url.port || 6379),
    username: allowed.username,
    password: allowed.password,
    db: databaseOf(url),
    ...(url.protocol === "rediss:" && {
      tls: { ca: allowed.ca, cert: undefined, key: undefined, serverName: undefined },
    }),
  };
}
