export { auditLog, secrets, tokens, users } from "./schema/access.ts";
export { aliases, catalogState, functions, packages, versions } from "./schema/catalog.ts";
export { budgets, usage } from "./schema/runs.ts";
