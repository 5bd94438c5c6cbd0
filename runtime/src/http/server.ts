import { once } from "node:events";
import {
  createServer,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type RequestListener,
  type Server,
} from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { ConfigurationError } from "@gaugelet/shared/configuration";
import type { ListenAddress } from "../configuration/environment.ts";

/** Longer than proxies keep an idle connection, so that none sends a call on one that is being closed. */
const KEEP_ALIVE_MILLISECONDS = 75_000;
/** Whoever sends slowly on purpose, or does not read, must not keep connections and answers for ever. */
const LIMITS: SlowLimits = {
  // A head comes in one piece, as a rule,
  headersTimeout: 15_000,
  // and the largest body over a slow line in two minutes.
  requestTimeout: 120_000,
  connectionsCheckingInterval: 2_000,
  // Node sees only at its second look that nothing was taken since the first: after two minutes at most.
  unreadTimeout: 60_000,
};
/** How long requests under way may take when the server stops. */
const FINISH_MILLISECONDS = 5_000;
const SWEEP_MILLISECONDS = 20;
/** How long something may still come on a connection on which nothing was asked yet. */
const UNUSED_MILLISECONDS = 500;

/** What a path answers. */
export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  readonly headers?: OutgoingHttpHeaders;
}

/** Says why a request may not ask for the routes, if it may not. */
export type RouteGuard = (request: IncomingMessage) => Answer | undefined | Promise<Answer | undefined>;

/** Answers a GET of one path. */
export type Route = () => Answer | Promise<Answer>;

/** In milliseconds, as Node names them; `unreadTimeout` is ours: who takes nothing of an answer for so long is left. */
interface SlowLimits {
  readonly headersTimeout: number;
  readonly requestTimeout: number;
  readonly connectionsCheckingInterval: number;
  readonly unreadTimeout: number;
}

/** What is not as usual. */
export interface ServeOptions {
  /** Who may ask for the routes; undefined: whoever can reach them. */
  readonly guard?: RouteGuard | undefined;
  readonly limits?: SlowLimits;
}

/** A running server. */
export interface HttpServer {
  readonly port: number;
  /** Take no new connections, finish the requests under way, for at most 5 s, and close all. */
  stop(): Promise<void>;
}

/**
 * Serve a few GET routes, and calls of functions where there are any.
 *
 * @param portVariable the environment variable that chooses the port, for the message where it is taken.
 * @param below who answers all that is below a path, such as calls; they are tried in this order.
 * @throws ConfigurationError where the address cannot be listened on.
 */
export async function serve(
  listen: ListenAddress,
  portVariable: string,
  routes: Readonly<Record<string, Route>>,
  below: Readonly<Record<string, RequestListener>> = {},
  { guard = () => undefined, limits = LIMITS }: ServeOptions = {},
): Promise<HttpServer> {
  const listeners = Object.entries(below);
  const options = { keepAliveTimeout: KEEP_ALIVE_MILLISECONDS, ...limits };
  const server = createServer(options, (request, response) => {
    for (const [path, listener] of listeners) {
      if (request.url?.startsWith(path)) {
        listener(request, response);
        return;
      }
    }
    void answer(routes, request, guard).then(({ status, type, body, headers }) => {
      const length = Buffer.byteLength(body);
      response.writeHead(status, { "content-type": type, "content-length": length, ...headers });
      response.end(request.method === "HEAD" ? undefined : body);
    });
  });
  const connections = new Set<Socket>();
  server.on("connection", (socket) => {
    connections.add(socket);
    socket.once("close", () => connections.delete(socket));
  });
  try {
    server.listen(listen.port, listen.address);
    await once(server, "listening");
  } catch (error) {
    const inUse = (error as NodeJS.ErrnoException).code === "EADDRINUSE";
    const reason = inUse ? "another program listens there already" : (error as Error).message;
    throw new ConfigurationError(
      `cannot listen on ${listen.address}:${listen.port}: ${reason}; choose another port with ${portVariable}`,
      { cause: error },
    );
  }
  const looking = setInterval(() => limitUnread(connections, limits), limits.connectionsCheckingInterval);
  server.once("close", () => clearInterval(looking));
  return { port: (server.address() as AddressInfo).port, stop: () => stop(server, connections) };
}

/** Plain text. */
export function text(status: number, body: string): Answer {
  return { status, type: "text/plain; charset=utf-8", body };
}

async function answer(
  routes: Readonly<Record<string, Route>>,
  request: IncomingMessage,
  guard: RouteGuard,
): Promise<Answer> {
  const refused = await guard(request);
  if (refused !== undefined) return refused;
  const { method, url = "/" } = request;
  const path = url.split("?", 1)[0] ?? "/";
  const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
  if (route === undefined)
    return text(404, `nothing at ${path}; there is ${Object.keys(routes).join(", ")}\n`);
  if (method !== "GET" && method !== "HEAD") return text(405, "only GET\n");
  try {
    return await route();
  } catch (error) {
    return text(500, `${(error as Error).message}\n`);
  }
}

/**
 * Have Node end the connections whose client takes nothing of what waits for it. Those on which nothing waits are left
 * alone: a call may take as long as it likes.
 */
function limitUnread(connections: ReadonlySet<Socket>, { unreadTimeout }: SlowLimits): void {
  for (const socket of connections) {
    const isLimited = socket.timeout === unreadTimeout;
    if (socket.writableLength > 0 !== isLimited) socket.setTimeout(isLimited ? 0 : unreadTimeout);
  }
}

async function stop(server: Server, connections: ReadonlySet<Socket>): Promise<void> {
  const closed = once(server, "close");
  server.close();
  const grace = setTimeout(() => {
    // Browsers open some ahead, and Node counts them as busy.
    for (const socket of connections) if (socket.bytesRead === 0) socket.destroy();
  }, UNUSED_MILLISECONDS);
  // A connection whose request has been answered would be kept for the next one.
  const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_MILLISECONDS);
  const limit = setTimeout(() => server.closeAllConnections(), FINISH_MILLISECONDS);
  await closed;
  clearInterval(sweep);
  clearTimeout(grace);
  clearTimeout(limit);
}
