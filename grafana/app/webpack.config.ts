import type { Configuration } from "webpack";
import scaffolded, { type Env } from "./.config/webpack/webpack.config.ts";

/** As the scaffold has it, but JSX needs no import of React, and Biome stands in for ESLint. */
export default async function config(env: Env): Promise<Configuration> {
  const base = await scaffolded(env);
  for (const rule of base.module?.rules ?? []) {
    if (typeof rule !== "object" || rule === null || typeof rule.use !== "object" || Array.isArray(rule.use))
      continue;
    const { loader, options } = rule.use as { loader?: string; options?: { jsc?: { transform?: object } } };
    if (loader === "swc-loader" && options?.jsc !== undefined)
      options.jsc.transform = { react: { runtime: "automatic", development: false } };
  }
  base.plugins = base.plugins?.filter((plugin) => plugin?.constructor.name !== "ESLintWebpackPlugin");
  return base;
}
