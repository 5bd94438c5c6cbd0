import { describeHostility } from "./suite.ts";

describeHostility("at level sandbox of a runtime that may not change users", {
  level: "sandbox",
  runtime: "ordinary",
});
