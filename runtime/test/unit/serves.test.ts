import { describe, expect, test } from "vitest";
import { readConfigurationFile } from "../../src/configuration/file.ts";
import { useConfigurationFolder } from "./configuration-folder.ts";

const folder = useConfigurationFolder();
const FUNCTIONS = [
  { name: "plain" },
  { name: "premium", class: "premium" },
  { name: "light", class: 0.5 },
  { name: "heavy", class: 7 },
  { name: "boxed", isolation: "sandbox" },
];

/** What a runtime with this `serves` has, and what it leaves. */
async function served(serves?: object): Promise<{ functions: string[]; notServed: readonly string[] }> {
  const functions = FUNCTIONS.map((each) => ({
    handler: "handler.handler",
    triggers: [{ schedule: "1m" }],
    ...each,
  }));
  const file = await folder.write("gaugelet.yaml", JSON.stringify({ functions, ...(serves && { serves }) }));
  const read = await readConfigurationFile(file, { nodeName: undefined, minimumIsolation: "process" });
  return { functions: read.functions.map(({ name }) => name), notServed: read.notServed };
}

describe("serves", () => {
  test("is everything where nothing is said", async () => {
    const all = { functions: ["plain", "premium", "light", "heavy", "boxed"], notServed: [] };
    expect(await served()).toEqual(all);
    expect(await served({})).toEqual(all);
  });

  test("chooses by class; a weight belongs to the class that is not above it", async () => {
    expect(await served({ classes: ["premium"] })).toEqual({
      functions: ["premium", "heavy"],
      notServed: ["plain", "light", "boxed"],
    });
    expect((await served({ classes: ["standard"] })).functions).toEqual(["plain", "light", "boxed"]);
    expect((await served({ classes: ["standard", "premium"] })).notServed).toEqual([]);
  });

  test("chooses by isolation, and by both", async () => {
    expect((await served({ isolation: ["sandbox", "microvm"] })).functions).toEqual(["boxed"]);
    expect((await served({ isolation: ["process"], classes: ["standard"] })).functions).toEqual([
      "plain",
      "light",
    ]);
  });

  test("leaves the catalog to others, and none of the file's", async () => {
    const file = await folder.write(
      "gaugelet.yaml",
      "serves: { catalog: false }\nfunctions: [{ name: own, handler: handler.handler, triggers: [{ http: true }] }]",
    );
    const read = await readConfigurationFile(file, { nodeName: undefined, minimumIsolation: "process" });
    expect(read.functions.map(({ name }) => name)).toEqual(["own"]);
    expect(read.isServed({ class: 1, isolation: "sandbox" })).toBe(false);
  });

  test("is the catalog too where it is not left to others, by class and isolation", async () => {
    const file = await folder.write("gaugelet.yaml", "serves: { isolation: [sandbox] }");
    const read = await readConfigurationFile(file, { nodeName: undefined, minimumIsolation: "process" });
    expect(read.isServed({ class: 1, isolation: "sandbox" })).toBe(true);
    expect(read.isServed({ class: 1, isolation: "process" })).toBe(false);
  });

  test.each([
    [{ catalog: "no" }, "serves.catalog"],
    [{ classes: [] }, "serves.classes"],
    [{ classes: ["gold"] }, "serves.classes[0]"],
    [{ classes: [4] }, "serves.classes[0]"],
    [{ isolation: ["none"] }, "serves.isolation[0]"],
    [{ isolation: [] }, "serves.isolation"],
    [{ names: ["plain"] }, "serves"],
  ])("refuses %j, and says where", async (serves, where) => {
    await expect(served(serves)).rejects.toThrow(`gaugelet.yaml: ${where}: `);
  });

  test("a function that is left to others is checked all the same", async () => {
    const file = await folder.write(
      "gaugelet.yaml",
      "serves: { classes: [premium] }\nfunctions: [{ name: other, handler: nonsense, triggers: [{ http: true }] }]",
    );
    const read = readConfigurationFile(file, { nodeName: undefined, minimumIsolation: "process" });
    await expect(read).rejects.toThrow("functions[0]: handler: expected module.attribute");
  });
});
