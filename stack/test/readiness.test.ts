import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { waitFor } from "@gaugelet/testing/wait";
import { expect, onTestFinished, test } from "vitest";
import { untilApi, watchConfiguration } from "../src/readiness.ts";

/** @returns the port of a server that is there until the test has ended. */
async function serve(answer: (response: ServerResponse) => void): Promise<number> {
  const server = createServer((_request, response) => answer(response));
  await once(server.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

test("a configuration that cannot be used is told once, and so is that it is in force again", async () => {
  let answer = "redis: up\nfunction f: ready\n";
  let asked = 0;
  const port = await serve((response) => {
    asked += 1;
    response.end(answer);
  });
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const reports: string[] = [];
  const report = (line: string): void => void reports.push(line);
  void watchConfiguration(port, report, stop.signal, 5);
  const askedTwice = async (): Promise<void> => {
    const before = asked;
    await waitFor("another look", () => asked > before + 2);
  };
  await askedTwice();
  expect(reports).toEqual([]);

  answer = "redis: up\nconfiguration: gaugelet.yaml: functions[1]: no such folder\nfunction f: ready\n";
  await askedTwice();
  const told =
    "the configuration changed but cannot be used, what runs goes on: gaugelet.yaml: functions[1]: no such folder";
  expect(reports).toEqual([told]);

  answer = "redis: up\nfunction f: ready\n";
  await askedTwice();
  expect(reports).toEqual([told, "the configuration is in force again"]);
});

test("the API is waited for as long as it is being opened, and no longer than that", async () => {
  const { signal } = new AbortController();
  let asked = 0;
  const port = await serve((response) => {
    asked += 1;
    response.writeHead(asked > 2 ? 401 : 503).end('{"detail":"the catalog is being opened"}');
  });
  expect(await untilApi(port, signal)).toBeUndefined();
  expect(asked).toBe(3);
  asked = Number.NEGATIVE_INFINITY;
  expect(await untilApi(port, signal, 0)).toBe("the catalog is being opened");
});
