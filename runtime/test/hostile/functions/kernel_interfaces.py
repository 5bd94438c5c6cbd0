import ctypes
import os

from probe import Tries, system_call

ZEROES = ctypes.create_string_buffer(256)


def handler(input, context):
    """Parts of the kernel that few programs need, and most attacks on it begin with."""
    tries = Tries()
    tries("use bpf", lambda: os.close(system_call("bpf", 0, attributes(1, 4, 8, 1), 64)))
    tries("use perf_event_open", lambda: os.close(system_call("perf_event_open", perf(), 0, -1, -1, 0)))
    tries(
        "use io_uring", lambda: os.close(system_call("io_uring_setup", 1, ctypes.create_string_buffer(256)))
    )
    tries("use userfaultfd", lambda: os.close(system_call("userfaultfd", 1)))
    tries("use keyctl", lambda: system_call("keyctl", 0, -3, 1))
    tries("use add_key", lambda: system_call("add_key", b"user", b"gaugelet-hostile", b"x", 1, -1))
    tries("use the kernel's log", lambda: system_call("syslog", 3, ZEROES, 256))
    tries("use memfd_secret", lambda: os.close(system_call("memfd_secret", 0)))
    tries("use fanotify", lambda: os.close(system_call("fanotify_init", 0, 0)))
    tries("use personality", lambda: system_call("personality", 0x0040000))
    tries("use ports of the machine", lambda: system_call("iopl", 3))
    tries("use modules", lambda: system_call("init_module", ZEROES, 0, b""))
    tries("use kexec", lambda: system_call("kexec_load", 0, 0, None, 0))
    tries("use swap", lambda: system_call("swapoff", b"/nowhere") or True)
    tries("use accounting", lambda: system_call("acct", None))
    tries("use the clock", lambda: system_call("clock_settime", 0, ZEROES))
    tries("use quotas", lambda: system_call("quotactl", 0x80000100, None, 0, None))
    return tries.result()


def attributes(*numbers: int) -> ctypes.Array:
    return (ctypes.c_uint32 * 16)(*numbers)


def perf() -> ctypes.Array:
    """A counter of the processor clock, of this process alone, and not in the kernel."""
    fields = (ctypes.c_uint64 * 14)()
    fields[0] = 1 | 112 << 32
    fields[5] = 1 << 5 | 1 << 6
    return fields
