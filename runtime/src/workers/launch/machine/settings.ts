/** How virtual machines are made here. */
export interface MachineSettings {
  /** Folder of kernels, images and saved machines. */
  readonly folder: string;
  /** The Python program that images are made of. */
  readonly python: string;
  /** Modules that machines have imported before their memory is saved. */
  readonly preload: readonly string[];
}

/** What runs a machine's code: the processor's own support, or software that imitates one. */
export type Accelerator = "kvm" | "tcg";
