import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { promisify } from "node:util";
import { findBuilder } from "../../src/images/builder.ts";
import { fullName, IMAGES } from "../../src/images/images.ts";
import { ROOT } from "../../src/root.ts";

const run = promisify(execFile);

const builder = findBuilder();

/** What runs containers, and pushes images. */
export const RUNNER = builder.run ?? builder.command;

/** What of an image the tests look at. */
export interface ImageDetails {
  /** Digest of its configuration, which names all of its layers. */
  readonly id: string;
  readonly bytes: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly user: string;
}

/**
 * Build images as people do. Images that are not to be had here are made from others that the environment names.
 *
 * @param options for the builder.
 * @throws Error where one cannot be built; the builder says why on standard error.
 */
export async function build(
  names: readonly string[],
  tag: string,
  options: readonly string[] = [],
): Promise<void> {
  const further = [...(process.env.GAUGELET_BUILD_ARGUMENT?.split(" ") ?? []), ...options];
  const args = further.flatMap((argument) => [`--build-argument=${argument}`]);
  const program = [join(ROOT, "stack/src/images/main.ts"), ...names, "--tag", tag, ...args];
  const child = spawn(process.execPath, program, { stdio: ["ignore", "inherit", "inherit"] });
  const [code] = await once(child, "exit");
  if (code !== 0) throw new Error(`${names.join(", ")} could not be built`);
}

/** What an image of ours is called, with its tag. */
export function named(name: string, tag: string): string {
  const image = IMAGES.find((each) => each.name === name);
  if (image === undefined) throw new Error(`no image ${name}`);
  return fullName(image, tag);
}

/** What the store of this machine knows of an image. */
export async function inspect(image: string): Promise<ImageDetails> {
  const { stdout } = await run(RUNNER, ["image", "inspect", image]);
  const [found] = JSON.parse(stdout);
  return { id: found.Id, bytes: found.Size, labels: found.Config.Labels, user: found.Config.User };
}

/** What a program of an image says. */
export async function output(image: string, program: string, ...args: string[]): Promise<string> {
  return (await run(RUNNER, ["run", "--rm", `--entrypoint=${program}`, image, ...args])).stdout;
}

/** Containers that a test has started. */
export class Containers {
  readonly #started: string[] = [];

  /** Run an image as a restricted pod does: nothing to be written but /tmp, no capabilities. */
  async start(image: string, options: readonly string[]): Promise<string> {
    const hardened = ["--read-only", "--tmpfs=/tmp", "--cap-drop=ALL", "--security-opt=no-new-privileges"];
    const args = ["run", "--detach", "--network=host", ...hardened, ...options, image];
    const id = (await run(RUNNER, args)).stdout.trim();
    this.#started.push(id);
    return id;
  }

  /** What one wrote on its standard output and error. */
  async logs(id: string): Promise<string> {
    const { stdout, stderr } = await run(RUNNER, ["logs", id]);
    return stdout + stderr;
  }

  /** End all of them, and take them away. */
  async remove(): Promise<void> {
    for (const id of this.#started.splice(0)) await run(RUNNER, ["rm", "--force", "--volumes", id]);
  }
}
