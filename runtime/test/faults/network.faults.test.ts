import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { topicKey } from "@gaugelet/shared/keys";
import { waitFor } from "@gaugelet/testing/wait";
import { Redis } from "ioredis";
import { afterEach, beforeEach, expect, test } from "vitest";
import { COUNTS, type Counted } from "./handlers.ts";
import { CutNetwork } from "./network.ts";
import { countedOnce, report, tallyOfCounted } from "./numbered.ts";
import { Stage } from "./stage.ts";

const CUT_SECONDS = 30;
const FUNCTIONS = [{ name: "count", code: COUNTS, triggers: [{ topic: "t", start: "oldest" }] }];

let network: CutNetwork;
let folder: string;
let server: ChildProcess;
/** Beside the network: over a socket in a folder. */
let redis: Redis;
let stage: Stage;

beforeEach(async () => {
  network = new CutNetwork();
  folder = await mkdtemp(join(tmpdir(), "gaugelet-redis-"));
  const socket = join(folder, "redis.sock");
  const [program, ...args] = [...network.atServer, "redis-server", "--dir", folder, "--unixsocket", socket];
  const options = ["--bind", network.address, "--protected-mode", "no", "--appendonly", "yes", "--save", ""];
  server = spawn(program, [...args, ...options], { stdio: "ignore" });
  redis = new Redis({ path: socket, retryStrategy: () => 20, maxRetriesPerRequest: null });
  redis.on("error", () => {});
  await redis.ping();
  stage = await Stage.set(FUNCTIONS, { REDIS_HOST: network.address, REDIS_PORT: "6379" });
});
afterEach(async () => {
  await stage.clear();
  redis.disconnect();
  const ended = once(server, "exit");
  server.kill("SIGKILL");
  await ended;
  await rm(folder, { recursive: true, force: true });
  network.remove();
});

/** Publish numbered events until it is over, beside the network. @returns how many. */
async function publishUntil(isOver: () => boolean): Promise<number> {
  let sent = 0;
  while (!isOver()) {
    const pipeline = redis.pipeline();
    for (let index = 0; index < 10; index += 1) {
      sent += 1;
      pipeline.xadd(topicKey("t"), "*", "event", JSON.stringify({ n: sent }));
    }
    await pipeline.exec();
    await sleep(20);
  }
  return sent;
}

async function counted(): Promise<Counted | undefined> {
  const text = await redis.get("count");
  return text === null ? undefined : (JSON.parse(text) as Counted);
}

async function countedTo(n: number, seconds = 60): Promise<Counted> {
  return waitFor(
    `event ${n}`,
    async () => {
      const found = await counted();
      return found !== undefined && found.last >= n && found;
    },
    seconds,
  );
}

test("a network that is cut for 30 s between a runtime and Redis loses nothing", async () => {
  const replica = stage.start({ by: network.atRuntime });
  await replica.started();
  let isOver = false;
  const publishing = publishUntil(() => isOver);
  await countedTo(200);
  network.cut();
  await sleep(1_000);
  const during = (await counted())?.last ?? 0;
  await sleep((CUT_SECONDS - 1) * 1000);
  expect((await counted())?.last).toBe(during);
  network.mend();
  const mended = performance.now();
  await countedTo(during + 1);
  const took = (performance.now() - mended) / 1000;
  isOver = true;
  const sent = await publishing;
  const output = await countedTo(sent);
  report("network cut for 30 s", tallyOfCounted(sent, output), `went on ${took.toFixed(2)} s after`);
  expect(output).toEqual(countedOnce(sent));
  // It asks again every few seconds, rather than wait for what was sent into the cut.
  expect(took).toBeLessThan(12);
});

test("an owner whose network is cut is replaced, and writes nothing once it is back", async () => {
  const owner = stage.start({ by: network.atRuntime });
  await owner.started();
  let isOver = false;
  const publishing = publishUntil(() => isOver);
  await countedTo(200);
  // Where Redis is: what cuts the first off does not cut it off.
  const standby = stage.start({ by: network.atServer });
  await standby.logged("another runtime owns the function");
  network.cut();
  const cut = performance.now();
  await sleep(100);
  const before = (await counted())?.last ?? 0;
  await countedTo(before + 1);
  const took = (performance.now() - cut) / 1000;
  await sleep((CUT_SECONDS - 5) * 1000);
  network.mend();
  await owner.logged("has taken the function over", 60);
  isOver = true;
  const sent = await publishing;
  const output = await countedTo(sent);
  report("owner cut off for 30 s", tallyOfCounted(sent, output), `taken over within ${took.toFixed(2)} s`);
  expect(output).toEqual(countedOnce(sent));
  expect(took).toBeLessThan(5);
});
