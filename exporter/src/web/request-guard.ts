import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { basicCredentials, PasswordCheck } from "./password-check.ts";
import { RateLimit } from "./rate-limit.ts";
import type { WebConfiguration } from "./web-configuration.ts";

type GuardSettings = Pick<WebConfiguration, "headers" | "users" | "rateLimit">;

/** Stands before a server's own answers: limits the rate, adds headers, and asks for a password. */
export class RequestGuard {
  readonly #answer: RequestListener;
  readonly #passwords = new PasswordCheck();
  #settings: GuardSettings;
  #limit: RateLimit | undefined;

  constructor(settings: GuardSettings, answer: RequestListener) {
    this.#answer = answer;
    this.#settings = settings;
    this.#limit = limitOf(settings);
  }

  /** From the next request on. */
  change(settings: GuardSettings): void {
    const { rateLimit: before } = this.#settings;
    const { rateLimit: now } = settings;
    // A limit that stays keeps count.
    if (before?.interval !== now?.interval || before?.burst !== now?.burst) this.#limit = limitOf(settings);
    this.#settings = settings;
  }

  readonly listener: RequestListener = (request, response) => void this.#serve(request, response);

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { headers, users } = this.#settings;
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    if (this.#limit?.take(performance.now() / 1000) === false) {
      refuse(response, 429, "too many requests; see rate_limit of the web configuration");
      return;
    }
    if (users.size > 0) {
      const credentials = basicCredentials(request.headers.authorization);
      const verdict =
        credentials === undefined ? "wrong" : await this.#passwords.check(users, ...credentials);
      if (verdict === "busy") {
        refuse(response, 429, "too many passwords wait to be compared");
        return;
      }
      if (verdict === "wrong") {
        response.setHeader("WWW-Authenticate", 'Basic realm="Gaugelet exporter", charset="UTF-8"');
        refuse(response, 401, "a name and password are needed");
        return;
      }
    }
    this.#answer(request, response);
  }
}

function refuse(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { "Content-Type": "text/plain; charset=utf-8" }).end(`${text}\n`);
}

function limitOf({ rateLimit }: GuardSettings): RateLimit | undefined {
  return rateLimit && new RateLimit(rateLimit.interval, rateLimit.burst, performance.now() / 1000);
}
