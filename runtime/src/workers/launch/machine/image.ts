import { join } from "node:path";
import { z } from "zod";
import { cannot, type MachineNeeds } from "./find-needs.ts";
import { PythonTool } from "./python-tool.ts";
import type { MachineSettings } from "./settings.ts";

const answerSchema = z.object({ version: z.string(), folder: z.string(), preload: z.array(z.string()) });

/** What machines boot from. */
export interface MachineImage {
  /** Of its content. */
  readonly version: string;
  readonly root: string;
  readonly initrd: string;
  /** Modules that it has, of those that were wanted. */
  readonly preload: readonly string[];
}

/**
 * Build the image of machines, unless it is there already; another process that does so is waited for.
 *
 * @param signal ends what builds it, and who waits.
 * @throws IsolationError that says what is wrong.
 */
export async function buildImage(
  settings: MachineSettings,
  needs: MachineNeeds,
  signal?: AbortSignal,
): Promise<MachineImage> {
  signal?.throwIfAborted();
  const folder = join(settings.folder, "images");
  const tool = new PythonTool(settings.python, "image", folder, needs.kernel, settings.preload.join(","));
  const end = (): void => void tool.end();
  signal?.addEventListener("abort", end);
  try {
    const made = answerSchema.parse(await tool.answer());
    return {
      version: made.version,
      root: join(made.folder, "root.img"),
      initrd: join(made.folder, "initrd.gz"),
      preload: made.preload,
    };
  } catch (error) {
    signal?.throwIfAborted();
    throw cannot(`the image of machines cannot be built: ${(error as Error).message}`);
  } finally {
    signal?.removeEventListener("abort", end);
    await tool.end();
  }
}
