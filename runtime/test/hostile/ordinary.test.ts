import { describeHostility } from "./suite.ts";

// One after the other: two functions that make as many processes as they can, each in a session of its own, at the
// same time leave to nobody else what the kernel gives to a session.
for (const level of ["process", "sandbox"] as const) {
  describeHostility(`at level ${level} of a runtime that may not change users`, {
    level,
    runtime: "ordinary",
  });
}
