import { rm } from "node:fs/promises";
import { INVOCATIONS_KEY, leaseKey } from "@gaugelet/shared/keys";
import { makeFunctionFolder } from "@gaugelet/testing/function-folder";
import { waitFor } from "@gaugelet/testing/wait";
import { afterEach, beforeEach, expect, onTestFinished, test } from "vitest";
import { fileOf } from "./run-functions.ts";
import { useApi } from "./use-api.ts";

const COUNTS = `
def handler(input, context):
    context.env["count"] = context.env.get("count", 0) + 1
    return {"count": context.env["count"]}
`;
const LEASE = leaseKey("gaugelet:output:counted");

const api = useApi("postgresql");

let folder: string;
beforeEach(async () => {
  folder = await makeFunctionFolder("standby");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Own the function, as another runtime would. @returns a function that ends it. */
async function ownElsewhere(): Promise<() => Promise<void>> {
  const { client } = api.redis;
  const other = { owner: "other", token: "1", machine: "m", process: "p", place: "elsewhere" };
  await client.hset(LEASE, { ...other, beat: "1" });
  const beating = setInterval(() => void client.hincrby(LEASE, "beat", 1), 500);
  onTestFinished(() => clearInterval(beating));
  return async () => {
    clearInterval(beating);
    await client.hset(LEASE, "owner", "");
  };
}

test("a standby that an accepted call comes to leaves it to the owner at once", async () => {
  const end = await ownElsewhere();
  const manifest = "triggers: [{ http: true }]";
  const started = await api.start({}, await fileOf(folder, [{ name: "counted", code: COUNTS, manifest }]));
  await waitFor("it to stand by", () =>
    started.log.some(({ msg }) => String(msg).includes("another runtime owns the function (elsewhere)")),
  );
  const accepted = await started.ask("POST", "/functions/counted/invocations", { mode: "async", input: {} });
  expect(accepted.status).toBe(202);
  const { client } = started.redis;
  await waitFor("it to count as abandoned for longer than it is there", async () => {
    const pending = await client.xpending(INVOCATIONS_KEY, "runtimes", "-", "+", 1);
    const [[id, , idle] = ["0-0", "", 0]] = pending as [string, string, number][];
    const [seconds] = (await client.time()).map(Number);
    return idle > Number(seconds) * 1000 - Number(id.split("-")[0]) + 1_000;
  });
  await end();
  await waitFor("the run", async () => {
    return (await started.ask("GET", `/runs/${accepted.body.run}`)).body.status === "completed";
  });
});
