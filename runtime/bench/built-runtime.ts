import { fileURLToPath } from "node:url";

/** Node's arguments for the runtime as the container image has it, once `shared` and `runtime` are built. */
export const BUILT_RUNTIME: readonly string[] = [
  "--conditions=dist",
  fileURLToPath(new URL("../dist/main.js", import.meta.url)),
];
