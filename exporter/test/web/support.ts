import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import {
  type ClientRequest,
  get as getHttp,
  type IncomingHttpHeaders,
  type IncomingMessage,
} from "node:http";
import { Agent, get as getHttps, type RequestOptions } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { text } from "node:stream/consumers";
import { connect, type TLSSocket } from "node:tls";
import { type CertificateFiles, createAuthority, type TestAuthority } from "@gaugelet/testing/certificates";
import { pino } from "pino";
import { afterAll, beforeAll } from "vitest";
import { createWebServer } from "../../src/web/web-server.ts";

/** A server with a web configuration, which answers "served" to everything. */
export interface TestWebServer {
  readonly port: number;
  /** The web configuration file. */
  readonly file: string;
  /** Messages of the log, each with all its fields. */
  readonly log: string[];
  readonly reload: () => Promise<void>;
}

export interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** Servers and certificates for the tests of a file, gone after its last test. */
export function useWebServers() {
  let authority: TestAuthority;
  let folder: string;
  const closing: (() => void)[] = [];
  beforeAll(async () => {
    authority = await createAuthority();
    folder = await mkdtemp(join(tmpdir(), "gaugelet-web-"));
  });
  afterAll(async () => {
    for (const close of closing) close();
    await authority.remove();
    await rm(folder, { recursive: true });
  });
  let count = 0;
  /** Write a web configuration; given a file, over it. */
  const write = async (yaml: string, over?: string): Promise<string> => {
    count += 1;
    const file = over ?? join(folder, `web-${count}.yml`);
    await writeFile(file, yaml);
    return file;
  };
  return {
    authority: () => authority,
    folder: () => folder,
    write,
    async serve(yaml: string): Promise<TestWebServer> {
      const log: string[] = [];
      const sink = new Writable({
        write(chunk: Buffer, _, done) {
          log.push(chunk.toString());
          done();
        },
      });
      const file = await write(yaml);
      const { server, reload } = await createWebServer(
        file,
        (_, response) => void response.end("served"),
        pino({ level: "debug" }, sink),
      );
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      closing.push(() => {
        server.closeAllConnections();
        server.close();
      });
      return { port: (server.address() as AddressInfo).port, file, log, reload };
    },
  };
}

/** Ask over TLS, on a connection of its own unless an agent is given. */
export function askTls(port: number, options: RequestOptions = {}): Promise<Answer> {
  const agent = options.agent ?? new Agent({ maxCachedSessions: 0 });
  return answerTo(getHttps({ ...options, host: "127.0.0.1", port, path: "/metrics", agent }));
}

/** Connect over TLS, to the end of the handshake. */
export function handshake(port: number, options: object): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port, ...options });
    socket.once("secureConnect", () => resolve(socket)).once("error", reject);
  });
}

/** Ask over plain HTTP. */
export function ask(port: number, authorization?: string): Promise<Answer> {
  const headers = authorization === undefined ? {} : { authorization };
  return answerTo(getHttp({ host: "127.0.0.1", port, path: "/metrics", headers }));
}

/** An Authorization header. */
export function basic(name: string, password: string): string {
  return `Basic ${Buffer.from(`${name}:${password}`).toString("base64")}`;
}

async function answerTo(request: ClientRequest): Promise<Answer> {
  const [response] = (await once(request, "response")) as [IncomingMessage];
  return { status: response.statusCode, headers: response.headers, text: await text(response) };
}

/** What a client with a certificate connects with; it trusts the authority of the server. */
export async function clientOptions(ca: Buffer, { cert, key }: CertificateFiles) {
  return { ca, cert: await readFile(cert), key: await readFile(key) };
}
