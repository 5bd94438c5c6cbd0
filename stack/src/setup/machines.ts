import { mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { withLock } from "../lock.ts";
import { Problem } from "../problem.ts";
import { TOOLS_FOLDER } from "../root.ts";
import { progressOf, type SetupContext } from "./context.ts";
import { findCommand } from "./find-command.ts";
import { MACHINE_PROGRAMS, setupPrograms } from "./programs.ts";
import { runTool } from "./run-tool.ts";

/** Where this checkout's virtual machines are: what GAUGELET_MICROVM_DIR says to its runtimes. */
export const MACHINES_FOLDER = join(TOOLS_FOLDER, "microvm");

const KERNEL_PACKAGE = "linux-image-cloud-amd64";

/**
 * Make sure that what virtual machines take is there: the programs, and Debian's kernel for them, which is unpacked
 * and not installed.
 *
 * @throws Problem that says what to install, where this process may not do so.
 */
export async function setupMachines(context: SetupContext = {}): Promise<void> {
  await setupPrograms(MACHINE_PROGRAMS, context);
  const kernels = join(MACHINES_FOLDER, "kernel");
  await mkdir(kernels, { recursive: true });
  await withLock(
    join(MACHINES_FOLDER, "kernel.lock"),
    { onWait: () => {}, signal: context.signal },
    async () => {
      if ((await haveKernel(kernels)) || (await haveKernel("/"))) return;
      if (findCommand("apt-get") === undefined || findCommand("dpkg-deb") === undefined) {
        throw new Problem(
          `Debian's package ${KERNEL_PACKAGE} is needed: unpack the one that it depends on into ${kernels}/<version>, so that there is ${kernels}/<version>/boot/vmlinuz-<version>`,
        );
      }
      await progressOf(context).step(`fetch ${KERNEL_PACKAGE}`, async (step) => {
        const work = await mkdtemp(join(MACHINES_FOLDER, "kernel-"));
        try {
          const run = (command: string, ...args: readonly string[]): Promise<void> =>
            runTool({ command, args, folder: work, log: "apt", step, signal: context.signal });
          const fetch = (): Promise<void> =>
            run(
              "sh",
              "-c",
              `apt-get download "$(apt-cache depends ${KERNEL_PACKAGE} | sed -n 's/.*Depends: \\(linux-image-[^ ]*\\)/\\1/p' | head -n 1)"`,
            );
          await fetch().catch(async () => {
            await run("apt-get", "update");
            await fetch();
          });
          await run("sh", "-c", `dpkg-deb -x linux-image-*.deb unpacked && chmod -R a+rX unpacked`);
          await rename(join(work, "unpacked"), join(kernels, "cloud-amd64"));
        } finally {
          await rm(work, { recursive: true, force: true });
        }
      });
    },
  );
}

async function haveKernel(folder: string): Promise<boolean> {
  const names = folder === "/" ? ["."] : await readdir(folder).catch(() => []);
  for (const name of names) {
    const boot = await readdir(join(folder, name, "boot")).catch(() => []);
    if (boot.some((file) => /^vmlinuz-.*-cloud-amd64$/.test(file))) return true;
  }
  return false;
}
