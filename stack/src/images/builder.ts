import { Problem } from "../problem.ts";
import { findCommand } from "../setup/find-command.ts";
import { fullName, type Image } from "./images.ts";

/** A program that builds images, and one that runs them. */
export interface Builder {
  readonly name: "buildah" | "podman" | "docker";
  readonly command: string;
  /** Runs containers; buildah itself does not. */
  readonly run: string | undefined;
}

/**
 * The builder of this machine.
 *
 * @throws Problem where there is none.
 */
export function findBuilder(): Builder {
  for (const name of ["buildah", "podman", "docker"] as const) {
    const command = findCommand(name);
    const run = name === "buildah" ? findCommand("podman") : command;
    if (command !== undefined) return { name, command, run };
  }
  throw new Problem("expected buildah, podman or docker on the PATH, to build images with");
}

/**
 * The time of all files where buildah and podman build, Unix seconds: a layer that is found in their cache keeps the time
 * that it was made with, so that the commit's would be whichever was built first. The year 1980, as zips know none before.
 */
const FILE_TIME = 315_532_800;

/** What a build is made of besides the image. */
export interface BuildOptions {
  readonly tag: string;
  /** The folder of the sources. */
  readonly root: string;
  /** When the commit was made, Unix seconds. */
  readonly time: number;
  readonly version: string;
  readonly revision: string;
  /** Further arguments of the builder, such as `--network=host`. */
  readonly further: readonly string[];
}

/** Arguments of the builder for an image. */
export function buildArguments({ name }: Builder, image: Image, options: BuildOptions): string[] {
  const { tag, root, time, version, revision, further } = options;
  const isBuildx = name === "docker";
  return [
    ...(isBuildx ? ["buildx", "build", "--output=type=docker,rewrite-timestamp=true"] : ["build"]),
    ...(isBuildx
      ? ["--build-arg", `SOURCE_DATE_EPOCH=${time}`]
      : ["--timestamp", String(FILE_TIME), "--layers", "--format=docker"]),
    "--file",
    image.dockerfile,
    ...(image.target === undefined ? [] : ["--target", image.target]),
    ...Object.keys(image.bases).flatMap((argument) => {
      const other = process.env[argument];
      return other === undefined ? [] : ["--build-arg", `${argument}=${other}`];
    }),
    "--label",
    `org.opencontainers.image.created=${new Date(time * 1000).toISOString()}`,
    "--label",
    `org.opencontainers.image.version=${version}`,
    "--label",
    `org.opencontainers.image.revision=${revision}`,
    "--tag",
    fullName(image, tag),
    ...further,
    root,
  ];
}
