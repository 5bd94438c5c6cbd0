import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";

/** A web server of a test's own. */
export interface DocumentServer {
  readonly url: string;
  /** The requests so far. */
  readonly requests: IncomingMessage[];
  stop(): void;
}

export async function serveDocuments(answer: RequestListener): Promise<DocumentServer> {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    answer(request, response);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}
