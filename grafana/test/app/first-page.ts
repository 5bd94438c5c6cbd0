import { gzipSync } from "node:zlib";
import { APP } from "./stories.ts";
import type { Visitor } from "./visitor.ts";

/** What the first page costs. */
export interface FirstPage {
  /** Code of the app that it loads, gzipped, in bytes. */
  readonly codeBytes: number;
  /** Time until it shows functions, in milliseconds, on a Grafana that has shown it before. */
  readonly milliseconds: number;
  /** The same for Grafana's own list of dashboards. */
  readonly dashboardsMilliseconds: number;
}

const ROUNDS = 5;

/** Look at the list of functions as somebody who comes to it first, then several times by turns with Grafana's own. */
export async function measureFirstPage({ page, url }: Visitor): Promise<FirstPage> {
  const code: Promise<Buffer>[] = [];
  page.on("response", (response) => {
    if (response.status() === 200 && /\/public\/plugins\/gaugelet-functions-app\/.*\.js/.test(response.url()))
      code.push(response.body());
  });
  const functions = (): Promise<number> => timeUntil(page, `${url}${APP}/functions`, "table", "Functions");
  await functions();
  const codeBytes = (await Promise.all(code.splice(0))).reduce((sum, body) => sum + gzipSync(body).length, 0);
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    ours.push(await functions());
    theirs.push(await timeUntil(page, `${url}/dashboards`, "treegrid", undefined));
  }
  return { codeBytes, milliseconds: median(ours), dashboardsMilliseconds: median(theirs) };
}

async function timeUntil(
  page: Visitor["page"],
  address: string,
  role: "table" | "treegrid",
  name: string | undefined,
): Promise<number> {
  const started = performance.now();
  await page.goto(address, { waitUntil: "commit" });
  const list =
    name === undefined
      ? page.locator('[role="table"], [role="treegrid"]').first()
      : page.getByRole(role, { name });
  await list.getByRole("row").nth(1).waitFor();
  return performance.now() - started;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
