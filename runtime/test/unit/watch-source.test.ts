import { mkdir, mkdtemp, rename, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { waitFor } from "@gaugelet/testing/wait";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { watchSource } from "../../src/packages/watch-source.ts";

/** Longer than two looks, which is how long a change may take to be told. */
const TWO_LOOKS_MILLISECONDS = 2_500;

// They do nothing but wait, so all wait at the same time.
vi.setConfig({ maxConcurrency: 20 });

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "gaugelet-watch-"));
});
afterAll(() => rm(folder, { recursive: true }));

let count = 0;

interface Case {
  readonly name: string;
  /** Make what is watched, in an empty folder. Gives the path to watch, relative to it. */
  readonly before: (at: string) => Promise<string>;
  readonly change: (at: string) => Promise<void>;
}

/** A ConfigMap's files are links to files in a folder that is a link, and only that one is changed. */
async function configMap(at: string): Promise<void> {
  for (const [version, content] of [
    ["..1", "x = 1"],
    ["..2", "x = 2"],
  ] as const) {
    await mkdir(join(at, version));
    await writeFile(join(at, version, "usermodule.py"), content);
  }
  await symlink("..1", join(at, "..data"));
  await symlink("..data/usermodule.py", join(at, "usermodule.py"));
}

async function swap(at: string): Promise<void> {
  await symlink("..2", join(at, "..data_tmp"));
  await rename(join(at, "..data_tmp"), join(at, "..data"));
}

async function file(at: string): Promise<string> {
  await writeFile(join(at, "usermodule.py"), "x = 1");
  return "usermodule.py";
}

async function code(at: string): Promise<string> {
  await mkdir(join(at, "code/package"), { recursive: true });
  await writeFile(join(at, "code/handler.py"), "x = 1");
  await writeFile(join(at, "code/package/part.py"), "x = 1");
  return "code";
}

const changes: Case[] = [
  {
    name: "a file is written",
    before: file,
    change: (at) => writeFile(join(at, "usermodule.py"), "x = 22"),
  },
  {
    name: "a file of the same size and time replaces it, as `mv` does",
    before: file,
    async change(at) {
      await writeFile(join(at, "new"), "x = 2");
      await utimes(join(at, "new"), 1, 1);
      await rename(join(at, "new"), join(at, "usermodule.py"));
    },
  },
  {
    name: "the files of a ConfigMap are swapped",
    before: (at) => configMap(at).then(() => "usermodule.py"),
    change: swap,
  },
  {
    name: "the files of a ConfigMap that is watched as a folder are swapped",
    before: (at) => configMap(at).then(() => "."),
    change: swap,
  },
  {
    name: "a module beside the file is written",
    before: file,
    change: (at) => writeFile(join(at, "sibling.py"), "x = 1"),
  },
  {
    name: "a file deep in a folder is written",
    before: code,
    change: (at) => writeFile(join(at, "code/package/part.py"), "x = 22"),
  },
  {
    name: "a file is added to a folder",
    before: code,
    change: (at) => writeFile(join(at, "code/more.py"), ""),
  },
  {
    name: "a TypeScript module is added to a folder",
    before: code,
    change: (at) => writeFile(join(at, "code/more.ts"), ""),
  },
  {
    name: "the packages that a folder needs are others",
    before: code,
    change: (at) => writeFile(join(at, "code/requirements.txt"), "humanize==4.9.0"),
  },
  {
    name: "a file is removed from a folder",
    before: code,
    change: (at) => rm(join(at, "code/package/part.py")),
  },
  {
    name: "a file that was missing is there",
    before: async () => "usermodule.py",
    change: (at) => file(at).then(() => undefined),
  },
  {
    name: "a folder that was missing is there",
    before: async () => "code",
    change: (at) => code(at).then(() => undefined),
  },
  {
    name: "a file is gone",
    before: file,
    change: (at) => rm(join(at, "usermodule.py")),
  },
];

const noChanges: Case[] = [
  { name: "nothing", before: file, change: async () => {} },
  {
    name: "a file that is no code",
    before: code,
    change: (at) => writeFile(join(at, "code/notes.md"), "text"),
  },
  {
    name: "what Python and editors leave",
    before: code,
    async change(at) {
      await mkdir(join(at, "code/__pycache__"));
      await writeFile(join(at, "code/__pycache__/x.py"), "");
      await symlink("user@host.4711:1", join(at, "code/.#handler.py"));
    },
  },
  {
    name: "what is installed",
    before: code,
    async change(at) {
      await mkdir(join(at, "code/node_modules/a"), { recursive: true });
      await writeFile(join(at, "code/node_modules/a/index.js"), "");
    },
  },
  {
    name: "an editor's lock beside a file",
    before: file,
    change: (at) => symlink("user@host.4711:1", join(at, ".#usermodule.py")),
  },
];

async function watched({ before }: Case) {
  count += 1;
  const at = join(folder, String(count));
  await mkdir(at);
  const path = await before(at);
  let calls = 0;
  const stop = watchSource({ kind: "path", path: join(at, path) }, () => {
    calls += 1;
  });
  return { at, stop, calls: () => calls };
}

describe.concurrent("a change is told once:", () => {
  test.each(changes)("$name", async (given) => {
    const { at, stop, calls } = await watched(given);
    await sleep(TWO_LOOKS_MILLISECONDS);
    expect(calls()).toBe(0);
    await given.change(at);
    await waitFor("the change is told", () => calls() > 0);
    await sleep(TWO_LOOKS_MILLISECONDS);
    expect(calls()).toBe(1);
    stop();
  });
});

describe.concurrent("no change is told for", () => {
  test.each(noChanges)("$name", async (given) => {
    const { at, stop, calls } = await watched(given);
    await sleep(TWO_LOOKS_MILLISECONDS);
    await given.change(at);
    await sleep(TWO_LOOKS_MILLISECONDS);
    expect(calls()).toBe(0);
    stop();
  });

  test("a file that is still being written", async () => {
    const { at, stop, calls } = await watched({ name: "", before: file, change: async () => {} });
    await sleep(TWO_LOOKS_MILLISECONDS);
    let content = "x = 1";
    const writing = setInterval(() => {
      content += "\n";
      void writeFile(join(at, "usermodule.py"), content);
    }, 100);
    await sleep(TWO_LOOKS_MILLISECONDS);
    expect(calls()).toBe(0);
    clearInterval(writing);
    await waitFor("the change is told", () => calls() === 1);
    stop();
  });

  test("what changes after the end of watching, nor what is not on the disk", async () => {
    const { at, stop, calls } = await watched({ name: "", before: file, change: async () => {} });
    await sleep(TWO_LOOKS_MILLISECONDS);
    stop();
    await writeFile(join(at, "usermodule.py"), "x = 22");
    let others = 0;
    watchSource({ kind: "url", url: "http://127.0.0.1:1/code.zip" }, () => {
      others += 1;
    })();
    watchSource({ kind: "base64", text: "UEsDB" }, () => {
      others += 1;
    })();
    await sleep(TWO_LOOKS_MILLISECONDS);
    expect([calls(), others]).toEqual([0, 0]);
  });
});
