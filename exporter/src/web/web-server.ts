import { createServer as createHttpServer, type Server as HttpServer, type RequestListener } from "node:http";
import { createServer as createHttpsServer, type Server as HttpsServer } from "node:https";
import type { TLSSocket } from "node:tls";
import { ConfigurationError } from "@gaugelet/shared/configuration";
import { FilesRead, watchFiles } from "@gaugelet/shared/file-watch";
import type { Logger } from "pino";
import { type ClientPolicy, refusal } from "./client-certificate.ts";
import { RequestGuard } from "./request-guard.ts";
import { readWebConfiguration, type TlsConfiguration, type WebConfiguration } from "./web-configuration.ts";

/** A client that neither asks nor reads for so long is left: an exposition is kept until it has it. */
const IDLE_MILLISECONDS = 120_000;

/** A server that a web configuration stands before; it does not listen yet. */
export interface WebServer {
  readonly server: HttpServer | HttpsServer;
  /**
   * Read the configuration anew. It also happens by itself when one of its files changes, until the server
   * closes. Connections stay; new ones are made by the new configuration.
   *
   * @throws ConfigurationError where it is wrong; then the one before goes on.
   */
  readonly reload: () => Promise<void>;
}

/**
 * Make a server.
 *
 * @param file a web configuration; undefined: plain HTTP for everybody.
 * @param onChange called in place of the reload where one of the configuration's files has changed; it calls
 *   `reload`, and does not throw. `idleMilliseconds`: when a client is left that neither asks nor reads.
 * @throws ConfigurationError where the configuration is wrong.
 */
export async function createWebServer(
  file: string | undefined,
  answer: RequestListener,
  logger: Logger,
  {
    onChange,
    idleMilliseconds = IDLE_MILLISECONDS,
  }: { readonly onChange?: () => Promise<unknown>; readonly idleMilliseconds?: number } = {},
): Promise<WebServer> {
  if (file === undefined) {
    return { server: createHttpServer(answer).setTimeout(idleMilliseconds), reload: async () => {} };
  }
  let read = new FilesRead();
  const configuration = await readWebConfiguration(file, read);
  const guard = new RequestGuard(configuration, answer);
  const tls = configuration.tls && new TlsServer(configuration.tls, guard.listener, logger);
  const server = tls?.server ?? createHttpServer(guard.listener);
  server.setTimeout(idleMilliseconds);
  const reload = async (): Promise<void> => {
    const files = new FilesRead();
    const next = await readWebConfiguration(file, files).finally(() => {
      read = files;
    });
    if ((next.tls === undefined) !== (tls === undefined)) {
      throw new ConfigurationError(
        `${file}: tls_server_config: turning TLS ${next.tls === undefined ? "off" : "on"} needs a new start of the exporter`,
      );
    }
    if (next.tls !== undefined) tls?.change(next.tls);
    guard.change(next);
    logger.info(described(next), "web configuration read anew");
  };
  const reloadAlone = (): Promise<void> =>
    reload().catch((error: Error) => {
      logger.error({ reason: error.message }, "the web configuration is wrong; the one before goes on");
    });
  const stopWatching = watchFiles(() => read, onChange ?? reloadAlone);
  server.once("close", stopWatching);
  logger.info(described(configuration), "web configuration read");
  return { server, reload };
}

function described({ tls, users }: WebConfiguration): object {
  return { tls: tls !== undefined, clientCertificates: tls?.clients.type, users: users.size };
}

/** Node's TLS server reads these for each connection: to change them is to change the rule for the next. */
interface ClientRule {
  requestCert: boolean;
  rejectUnauthorized: boolean;
}

/** A server over TLS whose certificates, and what it asks of clients, can change while it runs. */
class TlsServer {
  readonly server: HttpsServer;
  #clients: ClientPolicy;

  constructor({ context, clients }: TlsConfiguration, answer: RequestListener, logger: Logger) {
    this.#clients = clients;
    this.server = createHttpsServer({ ...context, ...ruleOf(clients) }, answer);
    const failed = (socket: TLSSocket, reason: string): void =>
      logger.debug({ client: socket.remoteAddress, reason }, "a connection over TLS failed");
    // Before the listener that hands the connection to HTTP.
    this.server.prependListener("secureConnection", (socket) => {
      const reason = refusal(this.#clients, socket);
      if (reason === undefined) return;
      failed(socket, reason);
      socket.destroy();
    });
    this.server.on("tlsClientError", (error, socket) => failed(socket, error.message));
  }

  change({ context, clients }: TlsConfiguration): void {
    this.#clients = clients;
    this.server.setSecureContext(context);
    Object.assign(this.server as HttpsServer & ClientRule, ruleOf(clients));
  }
}

function ruleOf({ type }: ClientPolicy): ClientRule {
  return {
    requestCert: type !== "NoClientCert",
    rejectUnauthorized: type === "RequireAndVerifyClientCert",
  };
}
