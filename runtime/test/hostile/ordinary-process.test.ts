import { describeHostility } from "./suite.ts";

describeHostility("at level process of a runtime that may not change users", {
  level: "process",
  runtime: "ordinary",
});
