import ctypes
import os

from probe import Tries, checked, libc, system_call

PTRACE_SEIZE, PTRACE_DETACH = 0x4206, 17


class Vector(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]


def handler(input, context):
    """Seizing does not stop the process, and the end of this one lets go of it."""
    tries = Tries()
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    libc.ptrace.restype = ctypes.c_long
    for name, pid in input["pids"].items():
        tries(f"trace the {name}", lambda pid=pid: checked(libc.ptrace(PTRACE_SEIZE, pid, None, None)))
        tries(f"read the {name}'s memory", lambda pid=pid: peek(pid))
        tries(f"take the {name}'s descriptors", lambda pid=pid: take_descriptor(pid))
    tries("trace its parent", lambda: checked(libc.ptrace(PTRACE_SEIZE, os.getppid(), None, None)))
    return tries.result()


def peek(pid: int) -> bool:
    """Address 0 cannot be read, which is said after the right to read has been looked at."""
    buffer = ctypes.create_string_buffer(8)
    here = Vector(ctypes.addressof(buffer), 8)
    there = Vector(4096, 8)
    try:
        system_call("process_vm_readv", pid, ctypes.byref(here), 1, ctypes.byref(there), 1, 0)
    except OSError as error:
        if error.errno != 14:
            raise
    return True


def take_descriptor(pid: int) -> None:
    descriptor = os.pidfd_open(pid)
    os.close(system_call("pidfd_getfd", descriptor, 0, 0))
