import { describeHostility } from "./suite.ts";

describeHostility("at level process", { level: "process", runtime: "root" });
