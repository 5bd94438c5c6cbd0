import type { operations } from "./schema";

type Json<Response> = Response extends { content: { "application/json": infer Body } } ? Body : never;

/** What an operation of the API answers where it works. */
export type Answer<Operation extends keyof operations> =
  | Json<operations[Operation]["responses"] extends { 200: infer Response } ? Response : never>
  | Json<operations[Operation]["responses"] extends { 201: infer Response } ? Response : never>;

/** An item of a list that an operation answers. */
export type ItemOf<Operation extends keyof operations> =
  Answer<Operation> extends { items: readonly (infer Item)[] } ? Item : never;

export type FunctionSummary = ItemOf<"listFunctions">;
export type FunctionDetails = Answer<"getFunction">;
export type Finding = Answer<"checkFunction">["findings"][number];
export type VersionSummary = ItemOf<"listVersions">;
export type VersionDetails = Answer<"getVersion">;
export type RunSummary = ItemOf<"listRuns">;
export type RunDetails = Answer<"getRun">;
export type TopicDetails = ItemOf<"listTopics">;
export type NewestEvent = ItemOf<"listNewestEvents">;
export type Published = Json<operations["publishEvents"]["responses"][202]>;
export type DeadLetter = ItemOf<"listDeadLetters">;
export type ReplayDetails = Answer<"getReplay">;
export type Workers = ItemOf<"listWorkers">;
export type Instance = ItemOf<"listInstances">;
export type UsageRow = ItemOf<"getUsage">;
export type Budget = ItemOf<"listBudgets">;
