import type { Language } from "../../configuration/manifest.ts";

const ENDING: Readonly<Record<Language, string>> = {
  python: ".py",
  javascript: ".js",
  typescript: ".ts",
  script: "",
};
const FILES: Readonly<Record<Language, RegExp>> = {
  python: /\.py$/,
  javascript: /\.[cm]?js$/,
  typescript: /\.[cm]?[jt]s$/,
  script: /\.(py|[cm]?[jt]s|sh)$/,
};

/**
 * What a single source file from a URL is called in its package: as in the URL where that is a name of a
 * module, else as the entry point needs it.
 *
 * @param path of the URL.
 */
export function nameOfSource(
  path: string,
  { language, handler }: { readonly language: Language; readonly handler: string },
): string {
  const last = path.slice(path.lastIndexOf("/") + 1);
  if (FILES[language].test(last) && /^[\w.-]+$/.test(last)) return last;
  if (language === "script") return handler;
  return handler.slice(0, handler.lastIndexOf(".")).replaceAll(".", "/") + ENDING[language];
}
