"""Calls of the kernel that Python has no function for."""

import ctypes
import fcntl
import os
import platform
import signal
import sys
from pathlib import Path

IS_LINUX = sys.platform == "linux"
# PyDLL keeps the interpreter's lock: a process that clones itself with it released would be lost.
libc = ctypes.PyDLL(None, use_errno=True)

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_NAME = 15
PR_GET_NAME = 16
PR_SET_SECCOMP = 22
PR_CAPBSET_DROP = 24
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38
PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_CLEAR_ALL = 4
_NAME_BYTES = 16
_CAPABILITY_VERSION_3 = 0x20080522

CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC = 0x20000, 0x2000000, 0x4000000, 0x8000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000

# Numbers that differ between machines; the newer ones are the same everywhere.
_CLONE, PIVOT_ROOT, _CAPSET = {"x86_64": (56, 155, 126), "aarch64": (220, 41, 91)}.get(
    platform.machine(), (None, None, None)
)


def prctl(option: int, argument: int = 0, *further: int) -> None:
    """prctl(2)."""
    values = [ctypes.c_ulong(value) for value in (argument, *further, 0, 0, 0)[:4]]
    check(libc.prctl(option, *values), "prctl")


def syscall(name: str, number: int | None, *arguments: object) -> int:
    """syscall(2); `name` is for the error."""
    if number is None:
        raise OSError(f"{name} is not known for {platform.machine()} machines")
    return check(libc.syscall(ctypes.c_long(number), *map(_argument, arguments)), name)


def _argument(value: object) -> object:
    return ctypes.c_long(value) if isinstance(value, int) else value


def check(result: int, name: str) -> int:
    """The result of a call of the C library, or the error that it stands for."""
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
    return result


def die_with_parent() -> None:
    """End with the parent even when that is killed and cannot say so: a busy loop would go on forever."""
    if IS_LINUX:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def die_with(parent: int) -> None:
    """End with that parent, also where it was killed before this process could say so."""
    die_with_parent()
    if os.getppid() != parent:
        os._exit(1)


def no_new_privileges() -> None:
    """Programs with a set-user-id bit give no rights from here on."""
    if IS_LINUX:
        prctl(PR_SET_NO_NEW_PRIVS, 1)


def set_traceable(traceable: bool) -> None:
    """Whether processes of the same user may look into this one. The kernel says no when the user changes."""
    if IS_LINUX:
        prctl(PR_SET_DUMPABLE, int(traceable))


def name() -> bytes:
    """What this process is called, as `ps` shows it."""
    text = ctypes.create_string_buffer(_NAME_BYTES)
    prctl(PR_GET_NAME, ctypes.addressof(text))
    return text.value


def set_name(name: bytes) -> None:
    """Be called otherwise: at most 15 bytes."""
    text = ctypes.create_string_buffer(name, _NAME_BYTES)
    prctl(PR_SET_NAME, ctypes.addressof(text))


def drop_bounding_set() -> None:
    """No program that this process starts can get a right that it has not. While it has its rights itself."""
    if IS_LINUX and has_capability(_CAP_SETPCAP):
        for capability in range(int(Path("/proc/sys/kernel/cap_last_cap").read_text()) + 1):
            prctl(PR_CAPBSET_DROP, capability)


def drop_capabilities() -> None:
    """Give up all of root's rights, and for good after `drop_bounding_set`."""
    if IS_LINUX:
        prctl(PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL)
        header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
        syscall("capset", _CAPSET, header, (ctypes.c_uint32 * 6)())


_CAP_SETGID, _CAP_SETUID, _CAP_SETPCAP, _CAP_SYS_ADMIN = 6, 7, 8, 21


def has_capability(number: int) -> bool:
    """Whether this process has one of root's rights."""
    with open("/proc/self/status") as file:
        effective = next(line for line in file if line.startswith("CapEff:"))
    return bool(int(effective.split()[1], 16) >> number & 1)


def can_change_user() -> bool:
    """Whether this process may become another user."""
    return has_capability(_CAP_SETUID) and has_capability(_CAP_SETGID)


def is_administrator() -> bool:
    """Whether this process may make namespaces without a user namespace of its own."""
    return has_capability(_CAP_SYS_ADMIN)


def unshare(namespaces: int) -> None:
    """Enter new namespaces."""
    check(libc.unshare(namespaces), "unshare")


def fork_into(namespaces: int) -> int:
    """fork(2) into new namespaces: 0 in the child, which is the first process of its pid namespace."""
    ctypes.pythonapi.PyOS_BeforeFork()
    pid = libc.syscall(
        ctypes.c_long(_CLONE), ctypes.c_ulong(namespaces | signal.SIGCHLD), None, None, None, None
    )
    number = ctypes.get_errno()
    if pid == 0:
        ctypes.pythonapi.PyOS_AfterFork_Child()
        return 0
    ctypes.pythonapi.PyOS_AfterFork_Parent()
    if pid < 0:
        raise OSError(number, f"clone: {os.strerror(number)}")
    return pid


class Unbuffered:
    """An open file's descriptor, for as long as a `with` lasts.

    The code of a buffer runs for the first time in a virtual machine: slowly, if its processor is imitated.
    """

    def __init__(self, path: str, flags: int) -> None:
        self._descriptor = os.open(path, flags)

    def __enter__(self) -> int:
        return self._descriptor

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)


def duplicate_above(descriptor: int, lowest: int) -> int:
    """The same open file under a number that is not below `lowest`; programs do not inherit it."""
    return fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, lowest)


def close_all_but(*kept: int, first: int = 0) -> None:
    """Close all descriptors from `first` on, but these."""
    for descriptor in sorted(kept):
        os.closerange(first, descriptor)
        first = descriptor + 1
    os.closerange(first, os.sysconf("SC_OPEN_MAX"))
