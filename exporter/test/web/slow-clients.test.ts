import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { expect, onTestFinished, test } from "vitest";
import { createWebServer } from "../../src/web/web-server.ts";

/** More than the buffers of a connection hold. */
const LARGE = Buffer.alloc(64 * 1024 ** 2, "x");

test.each([[undefined], ["basic_auth_users: {}\n"]])(
  "a client that asks and reads nothing is left, with %j as web configuration",
  async (configuration) => {
    const folder = await mkdtemp(join(tmpdir(), "gaugelet-web-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    const file = configuration === undefined ? undefined : join(folder, "web.yml");
    if (file !== undefined && configuration !== undefined) await writeFile(file, configuration);
    const left = Promise.withResolvers<boolean>();
    const { server } = await createWebServer(
      file,
      (_request, response) => {
        response.on("close", () => left.resolve(response.writableFinished));
        response.end(LARGE);
      },
      pino({ enabled: false }),
      { idleMilliseconds: 200 },
    );
    await once(server.listen(0, "127.0.0.1"), "listening");
    const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
    onTestFinished(() => {
      client.destroy();
      server.close();
    });
    client.pause();
    client.write("GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n");
    expect(await left.promise).toBe(false);
  },
);
