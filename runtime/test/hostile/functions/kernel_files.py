import os

from probe import Tries, may_write, read


def handler(input, context):
    """Opened and not written: what is tried on must not be harmed."""
    tries = Tries()
    for path in ("/proc/sysrq-trigger", "/proc/sys/kernel/core_pattern", "/proc/sys/vm/overcommit_memory"):
        tries(f"write {path}", lambda path=path: may_write(path))
    for path in ("/sys/kernel/mm/transparent_hugepage/enabled", "/sys/power/state"):
        tries(f"write {path}", lambda path=path: may_write(path))
    for path in ("/dev/mem", "/dev/kmsg", "/dev/port", "/dev/vda", "/dev/sda", "/dev/loop-control"):
        tries(f"open {path}", lambda path=path: os.close(os.open(path, os.O_RDWR)))
    for path in ("/dev/kvm", "/dev/fuse", "/dev/net/tun", "/dev/ptmx", "/dev/vsock"):
        tries(f"open {path}", lambda path=path: os.close(os.open(path, os.O_RDWR)))
    for path in ("/proc/kcore", "/proc/kallsyms", "/proc/1/environ", "/var/run/docker.sock"):
        tries(f"read {path}", lambda path=path: telling(path))
    return tries.result()


def telling(path: str) -> bool:
    """The addresses in kallsyms are zeroes for those who may not know them."""
    text = read(path)
    return not (path.endswith("kallsyms") and text.startswith("0000000000000000"))
