import { rm } from "node:fs/promises";
import { makeFunctionFolder } from "@gaugelet/testing/function-folder";
import { waitFor } from "@gaugelet/testing/wait";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Role } from "../../src/database/schema/access.ts";
import { fileOf, runsOf } from "./run-functions.ts";
import { DATABASES } from "./test-database.ts";
import { useApi } from "./use-api.ts";

let folder: string;
beforeEach(async () => {
  folder = await makeFunctionFolder("rights");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe.each(DATABASES)("runs on %s", (kind) => {
  const api = useApi(kind);

  test("are seen and replayed by those whose they are", async () => {
    const code = "def handler(input, context):\n    print('for', input['who'])\n    return input\n";
    const manifest =
      "owner: ada, state: none, triggers: [{ http: true }, { topic: questions, start: oldest }]";
    const started = await api.start({}, await fileOf(folder, [{ name: "hers", code, manifest }]));
    const { ask } = started;
    const tokenOf = async (name: string, role: Role): Promise<string> => {
      expect((await ask("POST", "/users", { name, role })).status).toBe(201);
      return (await ask("POST", "/tokens", { name: "t", user: name })).body.token;
    };
    const ada = await tokenOf("ada", "editor");
    const eve = await tokenOf("eve", "editor");
    const vic = await tokenOf("vic", "viewer");
    const invoke = async (who: string, token: string) =>
      (await ask("POST", "/functions/hers/invocations", { input: { who } }, token)).body.run as string;
    const [ofVic, ofEve] = [await invoke("vic", vic), await invoke("eve", eve)];
    await runsOf(started, "function=hers", 2);

    const seen = async (token: string): Promise<unknown> => {
      const { body } = await ask("GET", "/runs", undefined, token);
      return body.items.map(({ user }: { user: string }) => user).toSorted();
    };
    expect([await seen(ada), await seen(eve), await seen(vic)]).toEqual([["eve", "vic"], ["eve"], ["vic"]]);
    expect((await ask("GET", `/runs/${ofEve}`, undefined, vic)).status).toBe(404);
    expect((await ask("GET", `/runs/${ofVic}`, undefined, vic)).body.user).toBe("vic");

    await ask("POST", "/topics", { name: "questions" });
    const publish = async (who: string, token: string): Promise<void> => {
      const sent = await ask("POST", "/topics/questions/events", { value: { who } }, token);
      expect(sent.status).toBe(202);
    };
    // One after the other: with both in flight on one worker a line may be counted to the other's run.
    await publish("vic", vic);
    await runsOf(started, "function=hers&trigger=topic", 1);
    await publish("eve", eve);
    const ofEvents = await runsOf(started, "function=hers&trigger=topic", 2);
    expect(ofEvents.map(({ user }) => String(user)).toSorted((a, b) => a.localeCompare(b))).toEqual([
      "eve",
      "vic",
    ]);
    const { body: own } = await ask("GET", "/runs?trigger=topic", undefined, vic);
    expect(own.items.map(({ user }: { user: string }) => user)).toEqual(["vic"]);

    const lines = async (token: string): Promise<unknown> => {
      const { body } = await ask("GET", "/functions/hers/logs", undefined, token);
      // Events of a topic without keys come in any order.
      return body.items.flatMap((run: { lines: string[] }) => run.lines).toSorted();
    };
    expect([await lines(ada), await lines(eve), await lines(vic)]).toEqual([
      ["for eve", "for eve", "for vic", "for vic"],
      ["for eve", "for eve"],
      ["for vic", "for vic"],
    ]);

    const replay = (token: string) => ask("POST", "/functions/hers/replays", {}, token);
    expect((await replay(vic)).status).toBe(403);
    expect((await replay(eve)).status).toBe(404);
    const { status, body } = await replay(ada);
    expect(status).toBe(202);
    for (const method of ["GET", "DELETE"]) {
      expect((await ask(method, `/replays/${body.id}`, undefined, eve)).status).toBe(404);
    }
    await waitFor("the replay", async () => {
      const answer = await ask("GET", `/replays/${body.id}`, undefined, ada);
      return answer.body.status === "completed" && answer.body.equal === 4;
    });
  });
});
