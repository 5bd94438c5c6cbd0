// npm test: sets itself up, then runs every check, all of them even when one fails.
// `npm test -- vitest` runs the steps whose name contains "vitest".
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { IMAGES } from "../stack/src/images/images.ts";
import { Problem } from "../stack/src/problem.ts";
import { GRAFANA_APP, setupGrafanaAppPackages } from "../stack/src/setup/grafana-app.ts";
import { setupKafka } from "../stack/src/setup/kafka.ts";
import { setupKustomize } from "../stack/src/setup/kustomize.ts";
import { setupMachines } from "../stack/src/setup/machines.ts";
import { setupPostgresql, setupServices } from "../stack/src/setup/programs.ts";
import { setupPython } from "../stack/src/setup/python.ts";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

interface Check {
  readonly name: string;
  readonly command: readonly string[];
  /** Where it runs; at the top of the repository, unless said. */
  readonly folder?: string;
  /** For what runs tests: how many there were. */
  readonly counts?: () => Promise<Counts>;
}

await setupServices();
await setupPostgresql();
await setupKafka();
await setupKustomize();
await setupMachines().catch((error: unknown) => {
  if (!(error instanceof Problem)) throw error;
  console.error(`the tests of virtual machines are skipped: ${error.message}`);
});
await setupGrafanaAppPackages();
const python = await setupPython({ dev: true });
const reports = await mkdtemp(join(tmpdir(), "gaugelet-reports-"));

const vitest = (project: string): Check => {
  const report = join(reports, `${project}.json`);
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  return {
    name: `tests: vitest ${project}`,
    command: ["vitest", "run", "--project", project, ...reporters],
    counts: () => readReport(report),
  };
};

/** A program that the app brings itself: it has a TypeScript and a Jest of its own. */
const ofApp = (program: string, ...args: string[]): Pick<Check, "command" | "folder"> => ({
  command: [process.execPath, join("node_modules", program), ...args],
  folder: GRAFANA_APP,
});
const jestReport = join(reports, "jest.json");

const checks: Check[] = [
  { name: "types", command: ["tsc", "-p", "."] },
  { name: "types: app", ...ofApp("typescript/bin/tsc", "--noEmit") },
  { name: "format and lint", command: ["biome", "ci", "--reporter=summary"] },
  { name: "floating promises", command: ["oxlint", "--type-aware", "--deny-warnings"] },
  { name: "unused code", command: ["knip"] },
  { name: "python lint", command: [python, "-m", "ruff", "check"] },
  { name: "python format", command: [python, "-m", "ruff", "format", "--check", "-q"] },
  {
    name: "dockerfiles",
    command: [join(dirname(python), "hadolint"), ...new Set(IMAGES.map(({ dockerfile }) => dockerfile))],
  },
  {
    name: "compose file",
    command: [python, "-m", "check_jsonschema", "--builtin-schema=vendor.compose-spec", "compose.yaml"],
  },
  {
    name: "tests: pytest",
    command: [python, "-m", "pytest", `--junit-xml=${join(reports, "pytest.xml")}`],
    counts: () => readJunitReport(join(reports, "pytest.xml")),
  },
  {
    name: "tests: jest app",
    ...ofApp("jest/bin/jest.js", "--ci", "--maxWorkers=2", "--json", `--outputFile=${jestReport}`),
    counts: () => readReport(jestReport),
  },
  { name: "build: app", command: [process.execPath, "stack/src/setup/main.ts", "grafana-app"] },
  vitest("unit"),
  vitest("e2e"),
];

const filters = process.argv.slice(2);
const chosen = checks.filter(
  ({ name }) => filters.length === 0 || filters.some((filter) => name.includes(filter)),
);
if (chosen.length === 0) {
  const names = checks.map(({ name }) => name).join(", ");
  console.error(
    `no step's name contains ${filters.map((filter) => JSON.stringify(filter)).join(" or ")}; there is: ${names}`,
  );
  process.exit(1);
}
const total: Counts = { passed: 0, failed: 0, skipped: 0 };
const broken: string[] = [];
const started = performance.now();
for (const { name, command, folder, counts } of chosen) {
  console.log(`\n── ${name}`);
  const checkStarted = performance.now();
  const code = await run(command, folder);
  const counted = await counts?.().catch(() => undefined);
  if (counted !== undefined)
    for (const key of ["passed", "failed", "skipped"] as const) total[key] += counted[key];
  if (code !== 0) broken.push(name);
  console.log(
    `── ${name}: ${code === 0 ? "ok" : "FAILED"}, ${((performance.now() - checkStarted) / 1000).toFixed(0)} s`,
  );
}
await rm(reports, { recursive: true, force: true });

console.log(
  `\n${broken.length === 0 ? "everything is fine" : `failed: ${broken.join(", ")}`}; ${((performance.now() - started) / 1000).toFixed(0)} s`,
);
if (chosen.some(({ counts }) => counts !== undefined))
  console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = broken.length === 0 ? 0 : 1;

async function run([program = "", ...args]: readonly string[], folder = ROOT): Promise<number> {
  const path = [dirname(process.execPath), join(ROOT, "node_modules/.bin"), process.env.PATH].join(delimiter);
  const child = spawn(program, args, {
    cwd: folder,
    env: { ...process.env, PATH: path, npm_config_loglevel: "error" },
    stdio: ["ignore", "inherit", "inherit"],
  });
  const pass = (signal: NodeJS.Signals): void => void child.kill(signal);
  process.once("SIGTERM", pass);
  const [code] = (await once(child, "exit")) as [number | null];
  process.off("SIGTERM", pass);
  return code ?? 1;
}

/** The report of Vitest, or of Jest, whose it is like. */
async function readReport(file: string): Promise<Counts> {
  const report = JSON.parse(await readFile(file, "utf8")) as Record<string, number>;
  const { numPassedTests: passed = 0, numFailedTests: failed = 0, numPendingTests: skipped = 0 } = report;
  return { passed, failed, skipped };
}

async function readJunitReport(file: string): Promise<Counts> {
  const attributes = /<testsuite [^>]*>/.exec(await readFile(file, "utf8"))?.[0] ?? "";
  const read = (name: string): number => Number(new RegExp(` ${name}="(\\d+)"`).exec(attributes)?.[1] ?? 0);
  const [tests, failures, errors, skipped] = ["tests", "failures", "errors", "skipped"].map(read);
  const failed = (failures ?? 0) + (errors ?? 0);
  return { passed: (tests ?? 0) - failed - (skipped ?? 0), failed, skipped: skipped ?? 0 };
}
