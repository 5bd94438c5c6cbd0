import { existsSync, realpathSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { Problem } from "../problem.ts";
import { findCommand, isProgram } from "../setup/find-command.ts";

/** A Grafana on this machine: how to run its server. */
export interface InstalledGrafana {
  readonly command: string;
  readonly args: readonly string[];
}

/**
 * Grafana in a folder such as its archive unpacks to.
 *
 * @throws Problem where the folder holds no Grafana; `origin` says there who named it.
 */
export function grafanaInFolder(folder: string, origin: string): InstalledGrafana {
  const home = resolve(folder);
  const command = join(home, "bin", "grafana");
  if (!isProgram(command)) throw new Problem(`${origin} is ${folder}, but ${command} is no program`);
  if (!isHome(home))
    throw new Problem(`${origin} is ${folder}, but ${join(home, "conf")} holds no defaults.ini`);
  return { command, args: ["server", "--homepath", home] };
}

/** Grafana on the PATH; undefined where there is none, or its folder is not found. */
export function grafanaOnPath(): InstalledGrafana | undefined {
  const found = findCommand("grafana", "grafana-server");
  if (found === undefined) return undefined;
  const program = realpathSync(found);
  const parent = dirname(dirname(program));
  // An unpacked archive, Homebrew, and the Debian and RPM packages, whose program is a script of theirs.
  const home = [parent, join(parent, "share", "grafana"), "/usr/share/grafana"].find(isHome);
  if (home === undefined) return undefined;
  const own = ["grafana", "grafana-server"].map((name) => join(home, "bin", name)).find(isProgram);
  const command = own ?? program;
  const subcommand = basename(command) === "grafana" ? ["server"] : [];
  return { command, args: [...subcommand, "--homepath", home] };
}

function isHome(folder: string): boolean {
  return existsSync(join(folder, "conf", "defaults.ini"));
}
