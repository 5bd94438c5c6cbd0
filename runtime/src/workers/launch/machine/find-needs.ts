import { access, constants, readdir } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { IsolationError } from "../../errors.ts";

const ADVICE =
  "isolation: microvm cannot be had: {what}; `npm run microvm:image` sets it up where it is root on Debian, elsewhere: sudo apt-get install qemu-system-x86 bubblewrap erofs-utils busybox-static linux-image-cloud-amd64";

/** The programs and the kernel that virtual machines take. */
export interface MachineNeeds {
  readonly qemu: string;
  readonly bubblewrap: string;
  /** Folder of an unpacked kernel package. */
  readonly kernel: string;
  /** The kernel's file. */
  readonly kernelFile: string;
}

/**
 * Look for what virtual machines take.
 *
 * @param folder that of machines: a kernel in `kernel/<version>` comes before the system's own.
 * @throws IsolationError that says what is missing and how to get it.
 */
export async function findNeeds(folder: string): Promise<MachineNeeds> {
  if (process.platform !== "linux" || process.arch !== "x64") {
    throw cannot(
      `virtual machines are for Linux on x86-64, and this is ${process.platform} on ${process.arch}`,
    );
  }
  const qemu = await findProgram("qemu-system-x86_64");
  if (qemu === undefined) throw cannot("QEMU (qemu-system-x86_64) is not installed");
  const bubblewrap = await findProgram("bwrap");
  if (bubblewrap === undefined) throw cannot("bubblewrap (bwrap) is not installed");
  for (const kernel of [...(await foldersIn(join(folder, "kernel"))), "/"]) {
    const names = (await readdir(join(kernel, "boot")).catch(() => []))
      .filter((name) => /^vmlinuz-.*-cloud-amd64$/.test(name))
      .toSorted((one, other) => one.localeCompare(other));
    const name = names.at(-1);
    if (name !== undefined) return { qemu, bubblewrap, kernel, kernelFile: join(kernel, "boot", name) };
  }
  throw cannot("Debian's kernel for virtual machines (linux-image-cloud-amd64) is not there");
}

/** An error for whoever asked for a machine. */
export function cannot(what: string): IsolationError {
  return new IsolationError(ADVICE.replace("{what}", what));
}

async function foldersIn(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names.toSorted((one, other) => other.localeCompare(one)).map((name) => join(folder, name));
}

async function findProgram(name: string): Promise<string | undefined> {
  for (const folder of (process.env.PATH ?? "").split(delimiter).filter(Boolean)) {
    const file = join(folder, name);
    const isThere = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return file;
  }
  return undefined;
}
