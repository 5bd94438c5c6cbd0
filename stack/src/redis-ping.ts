import { once } from "node:events";
import { connect } from "node:net";
import { createInterface } from "node:readline";
import { explainRedisError } from "@gaugelet/shared/redis/explain";

/** How to sign in to Redis. */
export interface RedisLogin {
  readonly username: string | undefined;
  readonly password: string | undefined;
}

/** What answers on a port: a Redis that lets us in, one that does not, or something else or nothing. */
export type RedisAnswer =
  | { readonly kind: "ready" }
  | { readonly kind: "refuses"; readonly reason: string }
  | { readonly kind: "other" };

/**
 * Send PING to 127.0.0.1, after signing in where a password is set.
 *
 * Two commands of the protocol by hand rather than a client, whose connection and retry logic hides what the
 * other side said. Source: https://redis.io/docs/latest/develop/reference/protocol-spec/
 */
export async function askRedis(port: number, { username, password }: RedisLogin): Promise<RedisAnswer> {
  const commands = [["PING"]];
  if (password !== undefined) {
    commands.unshift(["AUTH", ...(username === undefined ? [] : [username]), password]);
  }
  const socket = connect({ port, host: "127.0.0.1" });
  const signal = AbortSignal.timeout(2_000);
  socket.on("error", () => {});
  try {
    await once(socket, "connect", { signal });
    socket.write(commands.map(encode).join(""));
    for await (const line of createInterface({ input: socket, signal })) {
      if (line === "+PONG") return { kind: "ready" };
      const answer = line.startsWith("-") ? readError(line.slice(1)) : undefined;
      if (answer !== undefined) return answer;
      if (!/^[+-]/.test(line)) break;
    }
  } catch {
    // Nothing there, or nothing that answers.
  } finally {
    socket.destroy();
  }
  return { kind: "other" };
}

function encode(words: readonly string[]): string {
  const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
  return `*${words.length}\r\n${parts.join("")}`;
}

/** Undefined where the answer to the next command decides: a Redis without passwords objects to AUTH. */
function readError(message: string): RedisAnswer | undefined {
  switch (/^[A-Z]+/.exec(message)?.[0]) {
    case undefined:
      return { kind: "other" };
    case "ERR":
      return undefined;
    case "NOAUTH":
      return { kind: "refuses", reason: "asks for a password; set REDIS_PASSWORD" };
    default:
      return { kind: "refuses", reason: `refuses (${explainRedisError(message)})` };
  }
}
