/**
 * Where it is tested that nobody sees or changes what belongs to others, for each operation that knows owners; or why
 * there are none. Every operation has to be here.
 */
export const OWNER_RIGHTS: Readonly<Record<string, { tests: string } | "no owner">> = {
  getOpenApi: "no owner",
  getReference: "no owner",
  getMe: "no owner",
  listUsers: "no owner",
  createUser: "no owner",
  getUser: "no owner",
  changeUser: "no owner",
  deleteUser: "no owner",
  restoreUser: "no owner",
  listAudit: "no owner",
  listTokens: { tests: "users.test.ts" },
  createToken: { tests: "users.test.ts" },
  revokeToken: { tests: "users.test.ts" },
  listSecrets: { tests: "secrets.test.ts" },
  putSecret: { tests: "secrets.test.ts" },
  deleteSecret: { tests: "secrets.test.ts" },
  listRuns: { tests: "find-runs.test.ts" },
  streamRuns: { tests: "find-runs.test.ts" },
  getRun: { tests: "find-runs.test.ts" },
  getLogs: { tests: "runs-rights.test.ts" },
  invokeFunction: { tests: "runs-rights.test.ts" },
  getLastInput: { tests: "find-runs.test.ts" },
  replayRuns: { tests: "runs-rights.test.ts" },
  getReplay: { tests: "runs-rights.test.ts" },
  cancelReplay: { tests: "runs-rights.test.ts" },
};
