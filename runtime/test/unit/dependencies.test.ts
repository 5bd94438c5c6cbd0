import { describe, expect, test } from "vitest";
import type { Language } from "../../src/configuration/manifest.ts";
import { forNpm, withoutAddresses } from "../../src/packages/dependencies/npm-packages.ts";
import { readDependencies } from "../../src/packages/dependencies/read-dependencies.ts";
import { checkDependencies } from "../../src/packages/upload/check-dependencies.ts";

const PYTHON = { language: "python", handler: "handler.handler" } as const;
const NODE = { language: "javascript", handler: "handler.handler" } as const;

function of(kind: Parameters<typeof readDependencies>[0], files: Record<string, string>, hasModules = false) {
  return readDependencies(kind, (name) => files[name], hasModules);
}

test("a function's own language says which file counts", () => {
  const files = { "requirements.txt": "a", "package.json": '{"dependencies":{"b":"1"}}' };
  const fileOf = (language: Language, handler: string) => of({ language, handler }, files).file;
  expect(fileOf("python", "handler.handler")).toBe("requirements.txt");
  expect(fileOf("typescript", "handler.handler")).toBe("package.json");
  expect([fileOf("script", "main.py"), fileOf("script", "main.mjs"), fileOf("script", "main.sh")]).toEqual([
    "requirements.txt",
    "package.json",
    "requirements.txt",
  ]);
});

describe("requirements.txt", () => {
  const read = (requirements: string) => of(PYTHON, { "requirements.txt": requirements });

  test.each([
    "humanize",
    "humanize==4.9.0",
    "requests[socks,security] >= 2.8.1, == 2.8.* ; python_version < '4'",
    "typing-extensions~=4.0 # why",
    `attrs==23.1.0 \\\n    --hash=sha256:${"a".repeat(64)} \\\n    --hash=sha256:${"b".repeat(64)}`,
  ])("may have %j", (line) => {
    expect(read(`# ours\n\n${line}\n`)).toEqual({ file: "requirements.txt", isEmpty: false, faults: [] });
  });

  test("may be empty", () => {
    expect(read("\n# nothing\r\n")).toEqual({ file: "requirements.txt", isEmpty: true, faults: [] });
  });

  test("may be saved by whatever editor, as long as it is UTF-8", () => {
    expect(read("\uFEFFhumanize\r\n")).toEqual({ file: "requirements.txt", isEmpty: false, faults: [] });
    const utf16 = Buffer.from("\uFEFFhumanize\r\n", "utf16le").toString();
    expect(read(utf16).faults).toEqual([
      { file: "requirements.txt", line: null, message: expect.stringContaining("save it as UTF-8") },
    ]);
  });

  test("counts to its end, whatever that is", () => {
    expect(read("humanize \\")).toMatchObject({ isEmpty: false, faults: [{ line: 1 }] });
    expect(read("humanize \\\n-r other.txt")).toMatchObject({ faults: [{ line: 1 }] });
  });

  test.each([
    "-r other.txt",
    "--index-url http://10.0.0.1/simple",
    "--extra-index-url=http://10.0.0.1/simple",
    "-e .",
    "./wheels/x-1.0-py3-none-any.whl",
    "/etc/passwd",
    "x @ file:///etc/passwd",
    "x @ https://example.org/x.whl",
    "git+https://example.org/x.git",
    "https://example.org/x.whl",
    "x==1.0 --config-settings=a=b",
    "x==1.0; a\\b",
    // Variables of pip's environment, which may have passwords in them.
    `x==\${PIP_INDEX_URL}`,
    `x; python_version > '\${HOME}'`,
    "C:\\x.whl",
    // Line breaks that pip knows besides.
    "x; a\r\r-r other.txt",
    "x; a\u2028\u2028--no-binary=:all:",
    "x; a\u0085--pre",
  ])("may not have %j", (line) => {
    const { faults } = read(`humanize\n${line}\n`);
    expect(faults).toEqual([
      {
        file: "requirements.txt",
        line: 2,
        message: expect.stringContaining("expected the name of a package"),
      },
    ]);
  });
});

describe("package.json", () => {
  const read = (npmManifest: object | string, npmLock?: object) =>
    of(NODE, {
      "package.json": typeof npmManifest === "string" ? npmManifest : JSON.stringify(npmManifest),
      ...(npmLock && { "package-lock.json": JSON.stringify(npmLock) }),
    });

  test("may name versions, and none", () => {
    expect(read({ dependencies: { a: "^1.2.0", "@b/c": ">=1 <2 || ~3.0.0-rc.1", d: "latest" } })).toEqual({
      file: "package.json",
      isEmpty: false,
      faults: [],
    });
    expect(read({ type: "module" })).toEqual({ file: "package.json", isEmpty: true, faults: [] });
  });

  test.each([
    "file:../../etc",
    "git+ssh://git@example.org/x",
    "http://10.0.0.1/x.tgz",
    "npm:other@1",
    "owner/name",
  ])("may not have %j", (range) => {
    for (const field of ["dependencies", "optionalDependencies", "peerDependencies"]) {
      expect(read({ dependencies: { b: "1" }, [field]: { a: range } }).faults).toHaveLength(1);
    }
  });

  test("may say other versions of what packages need, from the registry", () => {
    const overridden = (overrides: unknown) => read({ dependencies: { a: "1" }, overrides }).faults;
    expect(overridden({ b: "2", c: { ".": "$a", d: "npm:@e/f@^1" } })).toEqual([]);
    expect(overridden({ b: { c: "http://10.0.0.1/x.tgz" } })).toHaveLength(1);
  });

  test("tells npm what it needs and nothing else", () => {
    const told = { name: "f", dependencies: { a: "1" }, overrides: { b: "2" } };
    const others = { devDependencies: { c: "file:/etc" }, workspaces: ["../d"], scripts: { install: "e" } };
    expect(JSON.parse(forNpm(JSON.stringify({ ...told, ...others })))).toEqual(told);
  });

  test("names nothing where the package has its modules: Node looks into no others", () => {
    const files = { "package.json": '{"dependencies":{"a":"file:../a"}}', "requirements.txt": "a" };
    expect(of(NODE, files, true)).toEqual({ file: "package.json", isEmpty: true, faults: [] });
    expect(of(PYTHON, files, true).isEmpty).toBe(false);
    const uploaded = new Map([
      ["package.json", Buffer.from(files["package.json"])],
      ["node_modules/a/index.js", Buffer.from("")],
    ]);
    expect(checkDependencies(uploaded, NODE, true)).toEqual([]);
    expect(checkDependencies(uploaded, NODE, false)).toEqual([]);
  });

  test("is JSON", () => {
    expect(read('\uFEFF{"dependencies":{"a":"1"}}')).toMatchObject({ isEmpty: false, faults: [] });
    expect(JSON.parse(forNpm('\uFEFF{"dependencies":{"a":"1"}}'))).toEqual({ dependencies: { a: "1" } });
    expect(read("{").faults).toHaveLength(1);
    expect(read({ dependencies: ["a"] }).faults).toHaveLength(1);
  });

  test("a lock has versions, no paths and addresses", () => {
    const lock = (more: object) => ({ packages: { "": {}, "node_modules/a": more } });
    const manifest = { dependencies: { a: "1.0.0" } };
    expect(read(manifest, lock({ version: "1.0.0-rc.1+build" })).faults).toEqual([]);
    expect(read(manifest, lock({})).faults).toEqual([]);
    expect(read(manifest, lock({ version: "file:../../etc" })).faults).toHaveLength(1);
    expect(read(manifest, lock({ version: "http://10.0.0.1/a.tgz" })).faults).toHaveLength(1);
    expect(read(manifest, lock({ resolved: "../x", link: true })).faults).toHaveLength(1);
    const wanting = (range: string) => lock({ version: "1.0.0", dependencies: { b: range } });
    expect(read(manifest, wanting("npm:@c/d@^1 || 2")).faults).toEqual([]);
    for (const range of ["http://10.0.0.1/b.tgz", "file:../b", "owner/name", "npm:../b"]) {
      expect(read(manifest, wanting(range)).faults).toHaveLength(1);
    }
  });

  test("a lock of npm 6 has nothing that is read", () => {
    const old = { lockfileVersion: 1, dependencies: { a: { version: "1.0.0" } } };
    expect(read({ dependencies: { a: "1.0.0" } }, old).faults).toEqual([
      { file: "package-lock.json", line: null, message: expect.stringContaining("npm 7 and later") },
    ]);
  });

  test("npm is given a lock without addresses, with all else that is in it", () => {
    const entry = { version: "1.0.0", integrity: "sha512-x" };
    const lock = {
      lockfileVersion: 3,
      packages: { "node_modules/a": { ...entry, resolved: "http://10.0.0.1/a" } },
    };
    expect(JSON.parse(withoutAddresses(JSON.stringify(lock)))).toEqual({
      lockfileVersion: 3,
      packages: { "node_modules/a": entry },
    });
  });
});
