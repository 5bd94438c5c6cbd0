import { resolve } from "node:path";
import type { Command } from "commander";
import type { Client } from "../client.ts";
import type { Context } from "../context.ts";
import { CommandFailure } from "../failure.ts";
import { findingLines, findingsIn } from "../findings.ts";
import { readLocalFunction } from "../folder/manifest.ts";
import { zipOf } from "../folder/zips.ts";
import { failUnloaded, haveLoaded, saidOf } from "../loading.ts";
import { shellArgument } from "../output.ts";

/** What the server says of a deployment. */
interface Deployed {
  readonly name: string;
  readonly version: number;
  /** Missing where the function was made. */
  readonly isNewVersion?: boolean;
  readonly warnings?: unknown;
}

interface DeployOptions {
  readonly comment?: string;
  readonly owner?: string;
  readonly load: boolean;
}

export function addDeploy(program: Command, context: Context): void {
  program
    .command("deploy [folder]")
    .description("deploy the function of a folder, as a new version where it is there")
    .option("--comment <text>", "what this version is about")
    .option("--owner <user>", "whose a new function is; administrators may say so")
    .option("--no-load", "do not have it loaded to see whether it can be")
    .action(async (folder: string | undefined, options: DeployOptions) => {
      const { output } = context;
      const place = resolve(context.world.folder, folder ?? ".");
      const { name, manifest, files } = await readLocalFunction(place, (path) =>
        output.note(`${path} is no file, and is left out`),
      );
      const zip = await zipOf(files);
      output.progress(`${name}: ${files.size} files packed, ${Math.ceil(zip.length / 1000)} kB; uploading …`);
      const body = {
        manifest,
        zip: zip.toString("base64"),
        ...(options.comment && { comment: options.comment }),
      };
      const client = await context.client();
      const deployed = await upload(client, name, body, options.owner).catch((error: unknown) => {
        throw withFindings(error, place);
      });
      for (const line of findingLines(findingsIn(deployed.warnings), place)) output.note(line);
      const { version } = deployed;
      const what =
        deployed.isNewVersion === false
          ? `${name} is as it was: version ${version}`
          : `${name}: version ${version} deployed`;
      if (!options.load) {
        output.result(deployed, () => [what]);
        return;
      }
      output.progress(`${what}; loading …`);
      const load = await haveLoaded(client, name);
      failUnloaded(output, load, what, wayOutOf(deployed), { ...deployed, load });
      output.result({ ...deployed, load }, () => [`${what}${saidOf(load)}`]);
    });
}

function wayOutOf({ name, version }: Deployed): string {
  const mend = "mend it and deploy it again";
  return version === 1 ? mend : `${mend}, or go back: gaugelet rollback ${shellArgument(name)}`;
}

async function upload(
  client: Client,
  name: string,
  body: Record<string, unknown>,
  owner: string | undefined,
): Promise<Deployed> {
  const isThere = await client.ask("GET", `/functions/${encodeURIComponent(name)}`).then(
    () => true,
    (error: unknown) => {
      if (error instanceof CommandFailure && error.problem?.status === 404) return false;
      throw error;
    },
  );
  return isThere
    ? await client.ask<Deployed>("PUT", `/functions/${encodeURIComponent(name)}`, { body })
    : await client.ask<Deployed>("POST", "/functions", { body: { name, ...(owner && { owner }), ...body } });
}

/** The message has what was found in the code, line by line. */
function withFindings(error: unknown, folder: string): unknown {
  if (!(error instanceof CommandFailure)) return error;
  const lines = findingLines(findingsIn(error.problem?.findings), folder);
  return lines.length === 0
    ? error
    : new CommandFailure("failed", [...lines, error.message].join("\n"), error.problem);
}
