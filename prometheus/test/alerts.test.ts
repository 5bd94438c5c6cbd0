import { expect, it } from "vitest";
import type { AlertCase } from "./alerts/case.ts";
import { functionCases } from "./alerts/functions.ts";
import { hostCases } from "./alerts/host.ts";
import { outputCases } from "./alerts/outputs.ts";
import { partCases } from "./alerts/parts.ts";
import { alerts, check } from "./alerts/promtool.ts";
import { topicCases } from "./alerts/topics.ts";
import { usageCases } from "./alerts/usage.ts";
import { workerCases } from "./alerts/workers.ts";

const cases = [
  ...hostCases,
  ...functionCases,
  ...outputCases,
  ...workerCases,
  ...partCases,
  ...topicCases,
  ...usageCases,
];

it("there is a case for every alert", () => {
  expect(cases.map(({ alert }) => alert).sort()).toEqual(alerts.map(({ alert }) => alert).sort());
});

it.each(cases.map((each): [string, AlertCase] => [each.alert, each]))(
  "%s is silent, fires, says what is wrong, and is over again",
  async (name, each) => {
    const rule = alerts.find(({ alert }) => alert === name);
    if (rule === undefined) throw new Error(`there is no alert ${name}`);
    await check(rule, each);
  },
);
