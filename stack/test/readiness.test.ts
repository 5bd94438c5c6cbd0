import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { waitFor } from "@gaugelet/testing/wait";
import { expect, onTestFinished, test } from "vitest";
import { watchConfiguration } from "../src/readiness.ts";

test("a configuration that cannot be used is told once, and so is that it is in force again", async () => {
  let answer = "redis: up\nfunction f: ready\n";
  let asked = 0;
  const server = createServer((_request, response) => {
    asked += 1;
    response.end(answer);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const stop = new AbortController();
  onTestFinished(() => {
    stop.abort();
    server.close();
  });
  const reports: string[] = [];
  const report = (line: string): void => void reports.push(line);
  void watchConfiguration((server.address() as AddressInfo).port, report, stop.signal, 5);
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
