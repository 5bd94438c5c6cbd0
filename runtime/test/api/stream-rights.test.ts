import { rm } from "node:fs/promises";
import { makeFunctionFolder } from "@gaugelet/testing/function-folder";
import { waitFor } from "@gaugelet/testing/wait";
import { afterEach, beforeEach, expect, test } from "vitest";
import { call, fileOf } from "./run-functions.ts";
import { type ApiUnderTest, useApi } from "./use-api.ts";

const api = useApi("postgresql");

let folder: string;
let gone: AbortController;
beforeEach(async () => {
  gone = new AbortController();
  folder = await makeFunctionFolder("streams");
});
afterEach(async () => {
  gone.abort();
  await rm(folder, { recursive: true, force: true });
});

async function follow({ url }: ApiUnderTest, path: string, token: string) {
  const response = await fetch(`${url}/api/v1${path}`, {
    headers: { authorization: `Bearer ${token}` },
    signal: gone.signal,
  });
  expect(response.status).toBe(200);
  const told = { text: "", isOver: false };
  const read = async (): Promise<void> => {
    for await (const part of response.body?.pipeThrough(new TextDecoderStream()) ?? []) told.text += part;
    told.isOver = true;
  };
  // Whoever goes reads no end.
  read().catch(() => {});
  return told;
}

test("a stream ends where its token is revoked, or its user deleted or given another role", async () => {
  const code = 'def handler(input, context):\n    print("printed")\n    return {}\n';
  const started = await api.start({}, await fileOf(folder, [{ name: "echo", code }]));
  const { ask } = started;
  const newToken = async (user: string) => {
    expect((await ask("POST", "/users", { name: user, role: "admin" })).status).toBe(201);
    return (await ask("POST", "/tokens", { name: "test", user })).body;
  };
  const paths = ["/runs/stream", "/functions/echo/logs?follow=true"];
  const following = async (token: string) =>
    await Promise.all(paths.map((path) => follow(started, path, token)));
  const [revoked, deleted, changed] = [await newToken("ada"), await newToken("bob"), await newToken("eve")];
  const others = await following(started.token);
  const followed = [
    ...(await following(revoked.token)),
    ...(await following(deleted.token)),
    ...(await following(changed.token)),
  ];
  await waitFor("all to be begun", () =>
    [...followed, ...others].every(({ text }) => text.includes(": listening")),
  );
  expect((await ask("DELETE", `/tokens/${revoked.id}`)).status).toBe(204);
  expect((await ask("DELETE", "/users/bob")).status).toBe(204);
  expect((await ask("PATCH", "/users/eve", { role: "editor" })).status).toBe(200);
  await waitFor("the streams to end", () => followed.every(({ isOver }) => isOver));
  await call(started, "echo", {});
  await waitFor("the others to hear", () => others.every(({ text }) => text.includes("\ndata: ")));
  expect(others.some(({ isOver }) => isOver)).toBe(false);
  expect(followed.filter(({ text }) => text.includes("\ndata: "))).toEqual([]);
});
