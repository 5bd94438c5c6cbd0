import { whyNoMachines } from "../microvm/machines.ts";
import { isRoot } from "./position.ts";
import { describeHostility } from "./suite.ts";

describeHostility(
  "at level microvm",
  { level: "microvm", runtime: isRoot ? "root" : "ordinary" },
  whyNoMachines === undefined,
);
