import { describeHostility } from "./suite.ts";

describeHostility("at level sandbox", { level: "sandbox", runtime: "root" });
