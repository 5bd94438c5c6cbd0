import { resolve } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { Command } from "commander";
import { createTwoFilesPatch } from "diff";
import { dump } from "js-yaml";
import type { Context } from "../context.ts";
import { CommandFailure, EXIT_CODES } from "../failure.ts";
import { MANIFEST, readLocalFunction } from "../folder/manifest.ts";
import { filesOf } from "../folder/zips.ts";
import { printable } from "../output.ts";

/** A file that is not the same on both sides. */
interface Difference {
  readonly path: string;
  readonly change: "added" | "removed" | "changed";
  /** As `diff -u` writes it; null for what is no text. */
  readonly patch: string | null;
}

export function addDiff(program: Command, context: Context): void {
  program
    .command("diff [folder]")
    .description("compare a folder with the version that is deployed")
    .option("--against <version>", "another version than the one that runs, or an alias")
    .option("--exit-code", "end with 1 where they differ")
    .action(
      async (folder: string | undefined, { against, exitCode }: { against?: string; exitCode?: true }) => {
        const { output } = context;
        const place = resolve(context.world.folder, folder ?? ".");
        const local = await readLocalFunction(place, (path) =>
          output.note(`${path} is no file, and is left out`),
        );
        const client = await context.client();
        const path = `/functions/${encodeURIComponent(local.name)}`;
        const version =
          against ?? String((await client.ask<{ version: number | null }>("GET", path)).version);
        if (version === "null")
          throw new CommandFailure("failed", `${local.name} is of the server's own configuration`);
        const at = `${path}/versions/${encodeURIComponent(version)}`;
        const { manifest } = await client.ask<{ manifest: Record<string, unknown> }>("GET", at);
        const deployed = await filesOf(await client.bytes(`${at}/package`));
        const differences = [
          ...manifestDifference(manifest, local.manifest),
          ...differencesOf(deployed, local.files),
        ];
        output.result({ name: local.name, version, differences }, () =>
          differences.length === 0
            ? [`${local.name} is the same as version ${version}`]
            : differences.map(({ path: file, change, patch }) => printable(patch ?? `${file}: ${change}`)),
        );
        if (exitCode && differences.length > 0) context.exitCode = EXIT_CODES.failed;
      },
    );
}

/** Compared as values: how a manifest is written does not matter. */
function manifestDifference(before: object, after: object): Difference[] {
  if (isDeepStrictEqual(before, after)) return [];
  const [old, now] = [before, after].map((each) => dump(each, { sortKeys: true }));
  return [{ path: MANIFEST, change: "changed", patch: patchOf(MANIFEST, old ?? "", now ?? "") }];
}

function differencesOf(
  before: ReadonlyMap<string, Buffer>,
  after: ReadonlyMap<string, Buffer>,
): Difference[] {
  const paths = [...new Set([...before.keys(), ...after.keys()])].sort();
  return paths.flatMap((path): Difference[] => {
    const [old, now] = [before.get(path), after.get(path)];
    if (old !== undefined && now !== undefined && old.equals(now)) return [];
    const change = old === undefined ? "added" : now === undefined ? "removed" : "changed";
    const isText = [old, now].every((each) => each === undefined || !each.includes(0));
    return [{ path, change, patch: isText ? patchOf(path, String(old ?? ""), String(now ?? "")) : null }];
  });
}

function patchOf(path: string, before: string, after: string): string {
  return createTwoFilesPatch(`deployed/${path}`, `local/${path}`, before, after).trimEnd();
}
