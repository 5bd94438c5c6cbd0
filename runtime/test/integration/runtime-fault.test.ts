import { afterEach, expect, test, vi } from "vitest";
import { Failures } from "../../src/dispatcher/failures.ts";
import { useTopics } from "../topics/functions/topics-under-test.ts";
import { startFunctions } from "./functions.ts";
import { useRuntime } from "./harness.ts";

const runtime = useRuntime();
const topics = useTopics(runtime);
afterEach(() => vi.restoreAllMocks());

/** The runtime fails once over a call that fails. */
function failOnce(method: "tell" | "tryAgain"): void {
  vi.spyOn(Failures.prototype, method).mockImplementationOnce(() => {
    throw new TypeError("nobody's fault but the runtime's");
  });
}

test("a caller whose answer the runtime fails to take is told so, and the function goes on", async () => {
  const code = `def handler(input, context):
    if input["n"] == 1: raise ValueError("no luck")
    return input
`;
  const started = await startFunctions(runtime, [{ name: "f", code }]);
  failOnce("tell");
  const url = `http://127.0.0.1:${started.ports.status}/functions/f`;
  const post = (body: object) =>
    fetch(url, { method: "POST", body: JSON.stringify(body), signal: AbortSignal.timeout(30_000) });
  const failed = await post({ n: 1 });
  expect(failed.status).toBe(500);
  expect(await failed.json()).toMatchObject({
    type: "/problems/error",
    detail: "the runtime failed: nobody's fault but the runtime's",
  });
  expect(await (await post({ n: 2 })).json()).toEqual({ n: 2 });
});

test.each(["function", "none"])(
  "an event that the runtime fails to take the answer of is tried again, with state: %s",
  async (state) => {
    const code = `def handler(input, context):
    context.env["numbers"] = [*context.env.get("numbers", []), input["n"]]
    if input["n"] == 5 and context.attempt < 3: raise ValueError("no luck")
    return {"n": input["n"], "numbers": context.env["numbers"]}
`;
    const retries = { attempts: 5, backoff: { from: "10ms", to: "10ms" } };
    const triggers = [{ topic: "t", start: "oldest", retries }];
    await startFunctions(runtime, [{ name: "f", code, state, triggers }]);
    failOnce("tryAgain");
    const numbers = Array.from({ length: 10 }, (_, n) => n + 1);
    const events = numbers.map((n) => ({ n }));
    await topics.publish("t", state === "none" ? [{ n: 5 }] : events);
    const last = state === "none" ? 5 : 10;
    const output = await runtime.output(({ n }) => n === last, "f");
    if (state !== "none") expect(output.numbers).toEqual(numbers);
    expect(await topics.deadLetters("f")).toEqual([]);
  },
);
