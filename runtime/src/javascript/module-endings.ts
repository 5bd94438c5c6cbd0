/** How the names of modules end that a handler may be in, in the order in which they are looked for. */
export const MODULE_ENDINGS: readonly string[] = [".ts", ".mts", ".js", ".mjs", ".cjs"];
