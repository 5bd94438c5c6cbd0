import { cpus } from "node:os";
import type { Accelerator } from "./settings.ts";
import type { MachineSize } from "./sizes.ts";

/** The streams of a machine, in the order of their descriptors in QEMU: ports of the guest come first. */
export const STREAMS = [
  "control",
  "frames",
  "stdout",
  "stderr",
  "records",
  "console",
  "monitor",
  "incoming",
  "information",
] as const;
export type StreamName = (typeof STREAMS)[number];

const PORTS: readonly StreamName[] = STREAMS.slice(0, 5);
const FIRST_DESCRIPTOR = 3;
/** Files that a machine is given, after its streams. */
export const FILES = ["memory", "root", "kernel", "initrd"] as const;
export type FileName = (typeof FILES)[number];

/** Without the quick instructions that move many bytes: what imitates them goes byte by byte. */
const IMITATED_PROCESSOR = "max,-erms,-fsrm";
/** Of what the software that imitates a processor has translated. */
const TRANSLATED_MIB = 32;
const TRANSLATED_AT_BOOT_MIB = 256;
/** `spawn` is denied as well, where nothing is saved. */
const SANDBOX = "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny";

/** The descriptor of a stream or a file in QEMU. */
export function descriptorOf(name: StreamName | FileName): number {
  const stream = (STREAMS as readonly string[]).indexOf(name);
  return (
    FIRST_DESCRIPTOR + (stream >= 0 ? stream : STREAMS.length + (FILES as readonly string[]).indexOf(name))
  );
}

/** What a machine is started for. */
export type Purpose =
  | { readonly kind: "boot"; readonly preload: readonly string[]; readonly tscKilohertz: number | undefined }
  | { readonly kind: "restore" };

/** QEMU's arguments: those of a boot and of what is restored from it must make the same devices. */
export function qemuArguments(
  { memoryBytes, processors }: MachineSize,
  accelerator: Accelerator,
  purpose: Purpose,
): string[] {
  const isBoot = purpose.kind === "boot";
  const translated = isBoot ? TRANSLATED_AT_BOOT_MIB : TRANSLATED_MIB;
  const devices = PORTS.flatMap((name) => [
    "-chardev",
    `socket,id=${name},fd=${descriptorOf(name)}`,
    "-device",
    `virtserialport,chardev=${name},name=gaugelet.${name}`,
  ]);
  return [
    "-M",
    "microvm,acpi=on,rtc=off,memory-backend=memory",
    "-object",
    // Private: what a machine writes is its own, what it does not is everybody's.
    `memory-backend-file,id=memory,size=${memoryBytes},mem-path=/proc/self/fd/${descriptorOf("memory")},share=${isBoot ? "on" : "off"}`,
    "-m",
    `${memoryBytes / 1024 ** 2}M`,
    "-smp",
    String(processors),
    "-cpu",
    accelerator === "kvm" ? "host" : IMITATED_PROCESSOR,
    "-accel",
    accelerator === "kvm" ? "kvm" : `tcg,tb-size=${translated}`,
    "-nodefaults",
    "-nographic",
    "-no-reboot",
    "-chardev",
    `socket,id=console,fd=${descriptorOf("console")}`,
    "-serial",
    "chardev:console",
    "-add-fd",
    `fd=${descriptorOf("root")},set=1`,
    "-drive",
    "if=none,id=root,format=raw,readonly=on,file.locking=off,file=/dev/fdset/1",
    "-device",
    "virtio-blk-device,drive=root",
    "-device",
    "virtio-serial-device,max_ports=8",
    ...devices,
    "-chardev",
    `socket,id=monitor,fd=${descriptorOf("monitor")}`,
    "-mon",
    "chardev=monitor,mode=control",
    "-sandbox",
    SANDBOX,
    ...(purpose.kind === "boot" ? bootArguments(purpose) : ["-incoming", "defer"]),
  ];
}

function bootArguments({ preload, tscKilohertz }: Extract<Purpose, { readonly kind: "boot" }>): string[] {
  const words = [
    "console=ttyS0",
    "loglevel=4",
    "panic=-1",
    "reboot=t",
    "random.trust_cpu=on",
    // To compare its clocks while a software imitates them takes long, and fails on a busy machine.
    "tsc=reliable",
    ...(tscKilohertz === undefined ? [] : [`tsc_early_khz=${tscKilohertz}`]),
    // Nobody else is in the machine whom this would keep out.
    "mitigations=off",
    // Nor does anybody ask for how long it waited for what, which is counted each time that it wakes.
    "psi=0",
    `gaugelet_preload=${preload.join(",")}`,
  ];
  return [
    "-kernel",
    `/proc/self/fd/${descriptorOf("kernel")}`,
    "-initrd",
    `/proc/self/fd/${descriptorOf("initrd")}`,
    "-append",
    words.join(" "),
  ];
}

/**
 * bubblewrap's arguments: QEMU sees its own program, its libraries and no more, and no network.
 *
 * @param shared a folder of this machine that it may write to, as /shared.
 */
export function bubblewrapArguments(accelerator: Accelerator, shared: string | undefined): string[] {
  return [
    "--unshare-all",
    "--die-with-parent",
    "--new-session",
    "--as-pid-1",
    "--cap-drop",
    "ALL",
    "--clearenv",
    "--ro-bind",
    "/usr",
    "/usr",
    "--symlink",
    "usr/bin",
    "/bin",
    "--symlink",
    "usr/lib",
    "/lib",
    "--symlink",
    "usr/lib64",
    "/lib64",
    "--proc",
    "/proc",
    "--dev",
    "/dev",
    "--chdir",
    "/",
    ...(accelerator === "kvm" ? ["--dev-bind", "/dev/kvm", "/dev/kvm"] : []),
    ...(shared === undefined ? [] : ["--bind", shared, "/shared"]),
    "--info-fd",
    String(descriptorOf("information")),
    "--",
  ];
}

/** What of this machine's processor saved machines depend on. */
export function processorModel(): string {
  return `${process.arch} ${cpus()[0]?.model ?? ""}`;
}
