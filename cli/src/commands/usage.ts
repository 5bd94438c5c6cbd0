import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { type Command, Option } from "commander";
import { month } from "../arguments.ts";
import type { Context } from "../context.ts";
import { CommandFailure, cannotWrite } from "../failure.ts";
import { rounded, tableLines } from "../output.ts";

interface Usage {
  readonly day?: string;
  readonly owner?: string;
  readonly function?: string;
  readonly class?: string;
  readonly runs: number;
  readonly billedSeconds: string;
  readonly gigabyteSeconds: string;
  readonly cpuSeconds: string;
  readonly cost: string;
}

interface Bill {
  readonly owner: string;
  readonly month: string;
  readonly currency: string;
  readonly lines: readonly (Usage & { readonly amount: string })[];
  readonly total: string;
}

export function addUsage(program: Command, context: Context): void {
  program
    .command("usage")
    .description("what runs used, and what that costs by the price list")
    .option("--owner <user>", "of a user; administrators see everybody's without it")
    .option("--function <name>", "of a function")
    .addOption(new Option("--class <name>", "of a class").choices(["standard", "premium"]))
    .option("--from <day>", "first day, such as 2026-11-01; of the month unless said")
    .option("--to <day>", "last day; today unless said")
    .option(
      "--group <names>",
      "told apart by these, with commas between: day,owner,function,class",
      "owner,function",
    )
    .action(async (filter: Record<string, string>) => {
      const items = await (await context.client()).list<Usage>("/usage", filter, 100_000);
      context.output.table(
        items,
        [
          ...(["day", "owner", "function", "class"] as const)
            .filter((name) => filter.group?.split(",").includes(name))
            .map((name) => ({ title: name.toUpperCase(), value: (row: Usage) => row[name] })),
          { title: "RUNS", value: ({ runs }) => runs },
          { title: "SECONDS", value: ({ billedSeconds }) => rounded(billedSeconds) },
          { title: "GB SECONDS", value: ({ gigabyteSeconds }) => rounded(gigabyteSeconds) },
          { title: "CPU SECONDS", value: ({ cpuSeconds }) => rounded(cpuSeconds) },
          { title: "COST", value: ({ cost }) => rounded(cost) },
        ],
        "no usage",
      );
    });
}

interface BillOptions {
  readonly owner?: string;
  readonly format: "text" | "csv" | "html";
  readonly out?: string;
}

export function addBill(program: Command, context: Context): void {
  program
    .command("bill")
    .description("bills of a month")
    .argument("[month]", "such as 2026-11; the one that it is unless said", month)
    .option("--owner <user>", "of a user; administrators see everybody's without it")
    .addOption(
      new Option("--format <name>", "how it is written").choices(["text", "csv", "html"]).default("text"),
    )
    .option("--out <file>", "write it into a file, of csv and html")
    .action(async (named: string | undefined, { owner, format, out }: BillOptions) => {
      const { output, world } = context;
      if (out !== undefined && (format === "text" || output.isJson)) {
        throw new CommandFailure(
          "usage",
          "--out writes csv or html: say --format csv or html, without --json",
        );
      }
      const client = await context.client();
      const path = `/bills/${named === undefined ? new Date().toISOString().slice(0, 7) : named}`;
      if (format === "text" || output.isJson) {
        const bills = await client.list<Bill>(path, { owner }, 100_000);
        output.result(bills, () => (bills.length === 0 ? ["no bills"] : bills.flatMap(billLines)));
        return;
      }
      const response = await client.open("GET", `/api/v1${path}`, { query: { owner, format } });
      const text = await response.text();
      if (out === undefined) output.raw(text);
      else await writeFile(resolve(world.folder, out), text).catch(cannotWrite(out));
    });
}

function billLines({ owner, month: of, currency, lines, total }: Bill): string[] {
  return [
    `bill of ${owner === "" ? "functions without an owner" : owner} for ${of}`,
    ...tableLines(lines, [
      { title: "FUNCTION", value: (line) => line.function },
      { title: "CLASS", value: (line) => line.class },
      { title: "RUNS", value: (line) => line.runs },
      { title: "GB SECONDS", value: (line) => rounded(line.gigabyteSeconds) },
      { title: "CPU SECONDS", value: (line) => rounded(line.cpuSeconds) },
      { title: "AMOUNT", value: (line) => `${line.amount} ${currency}` },
    ]),
    `total ${total} ${currency}`,
  ];
}
