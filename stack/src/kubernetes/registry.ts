import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { Problem } from "../problem.ts";
import { findCommand } from "../setup/find-command.ts";

/** How the digest of a tag is asked for, by the program that asks; each uses the logins that it has. */
const PROGRAMS: Readonly<Record<string, (image: string) => readonly string[]>> = {
  skopeo: (image) => ["inspect", "--no-tags", "--format={{.Digest}}", `docker://${image}`],
  docker: (image) => ["buildx", "imagetools", "inspect", "--format={{.Manifest.Digest}}", image],
};

/**
 * The digest that a registry has for a tag now; of an image for several architectures, that of their list.
 *
 * @param image name and tag.
 * @throws Problem where no program can ask, or the registry has no such image.
 */
export async function digestOf(image: string): Promise<string> {
  const program = Object.keys(PROGRAMS).find((name) => findCommand(name) !== undefined);
  if (program === undefined) {
    throw new Problem("expected skopeo or docker on the PATH, to ask registries for digests with");
  }
  const { stdout } = await promisify(execFile)(program, PROGRAMS[program]?.(image)).catch(
    ({ stderr, message }: { stderr?: string; message: string }) => {
      throw new Problem(`${image}: ${(stderr ?? message).trim()}`);
    },
  );
  const digest = stdout.trim();
  if (!/^sha256:[0-9a-f]{64}$/.test(digest)) {
    throw new Problem(`${image}: expected a digest from ${program} (found ${JSON.stringify(digest)})`);
  }
  return digest;
}
