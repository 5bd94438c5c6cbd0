import { everywhere, type HostileCase, NOTHING } from "../case.ts";

const SPACES = ["mount", "pid", "network", "ipc", "host name", "control group"];

/** The kernel's rarely used parts. */
export const KERNEL: readonly HostileCase[] = [
  {
    file: "namespaces.py",
    tries: "make namespaces, enter others'",
    process: {
      may: [
        "make a user namespace",
        ...SPACES.map((name) => `make a ${name} namespace within a user namespace`),
        "make a user namespace by clone3",
      ],
      inWords: "can make namespaces of its own, if the machine allows it to all users",
    },
    sandbox: NOTHING,
  },
  { file: "mounts.py", tries: "mount, unmount, change its root", ...everywhere(NOTHING) },
  { file: "setuid_program.py", tries: "run a program with a set-user-id bit", ...everywhere(NOTHING) },
  {
    file: "kernel_interfaces.py",
    tries: "use bpf, perf events, io_uring, userfaultfd, keys and others",
    process: {
      may: [
        "use bpf",
        "use perf_event_open",
        "use io_uring",
        "use userfaultfd",
        "use keyctl",
        "use add_key",
        "use the kernel's log",
        "use memfd_secret",
        "use personality",
        "use fanotify",
        "use quotas",
      ],
      inWords: "can use what the machine's kernel offers to all users",
    },
    sandbox: NOTHING,
  },
  {
    file: "kernel_files.py",
    tries: "open devices and switches of the kernel",
    process: {
      may: ["open /dev/kvm", "open /dev/fuse", "open /dev/net/tun", "open /dev/ptmx", "open /dev/vsock"],
      inWords: "can open the devices that all users can",
    },
    sandbox: NOTHING,
  },
];
