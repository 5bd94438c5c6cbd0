"""The system calls that a sandboxed worker may make.

Two filters, both made once: the first knows the calls that Python, Node and their libraries need and says of
any other that there is no such call, so that the C library falls back. The second refuses what would reach
out of the sandbox or into the kernel's rarely used parts, some of it by argument. Calls that pass both
whatever their arguments are not slowed down: the kernel keeps a table of them.
"""

import ctypes
import errno
import os
import termios
from typing import Any

from gaugelet_worker.isolation import linux
from gaugelet_worker.isolation.refused import Refused
from gaugelet_worker.isolation.system_calls import ALLOWED, REFUSED

_SECCOMP_MODE_FILTER = 2
_BINARY_TREE = 2
_INSTRUCTION_BYTES = 8
_NAMESPACES = (
    linux.CLONE_NEWNS,
    linux.CLONE_NEWCGROUP,
    linux.CLONE_NEWUTS,
    linux.CLONE_NEWIPC,
    linux.CLONE_NEWUSER,
    linux.CLONE_NEWPID,
    linux.CLONE_NEWNET,
)
# Local, internet, and the kernel's list of network interfaces. Their order is that of the numbers.
_AF_UNIX, _AF_INET, _AF_INET6, _AF_NETLINK = 1, 2, 10, 16
_TIOCLINUX = 0x541C


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p)]


class Filters:
    """Ready to be applied in forks of this process. Raises Refused where libseccomp is missing."""

    def __init__(self) -> None:
        try:
            import pyseccomp
        except (ImportError, RuntimeError, OSError) as error:
            raise Refused(f"libseccomp cannot be used ({error}): install the package libseccomp2") from None
        self._codes = [_compile(_known(pyseccomp)), _compile(_refused(pyseccomp))]

    def apply(self) -> None:
        """Hold this process, and all that it starts, to them for good."""
        for code in self._codes:
            program = _Program(len(code) // _INSTRUCTION_BYTES, code)
            linux.prctl(linux.PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.addressof(program))


def _known(seccomp: Any) -> Any:
    rules = _new_filter(seccomp, seccomp.ERRNO(errno.ENOSYS))
    for name in ALLOWED:
        _add(rules, seccomp.ALLOW, name)
    return rules


def _refused(seccomp: Any) -> Any:
    rules = _new_filter(seccomp, seccomp.ALLOW)
    no = seccomp.ERRNO(errno.EPERM)
    for name in REFUSED:
        _add(rules, no, name)
    for flag in _NAMESPACES:
        rules.add_rule(no, "clone", seccomp.Arg(0, seccomp.MASKED_EQ, flag, flag))
    # The kernel looks at the lower half alone.
    for command in (termios.TIOCSTI, _TIOCLINUX):
        rules.add_rule(no, "ioctl", seccomp.Arg(1, seccomp.MASKED_EQ, 0xFFFFFFFF, command))
    for family in range(_AF_NETLINK):
        if family not in (_AF_UNIX, _AF_INET, _AF_INET6):
            rules.add_rule(no, "socket", seccomp.Arg(0, seccomp.EQ, family))
    rules.add_rule(no, "socket", seccomp.Arg(0, seccomp.GT, _AF_NETLINK))
    rules.add_rule(no, "socket", seccomp.Arg(0, seccomp.EQ, _AF_NETLINK), seccomp.Arg(2, seccomp.NE, 0))
    return rules


def _new_filter(seccomp: Any, default: int) -> Any:
    rules = seccomp.SyscallFilter(default)
    # Calls as on another machine, such as 32-bit ones, have other numbers: nothing here makes them.
    rules.set_attr(seccomp.Attr.ACT_BADARCH, seccomp.KILL_PROCESS)
    rules.set_attr(seccomp.Attr.CTL_OPTIMIZE, _BINARY_TREE)
    return rules


def _add(rules: Any, action: int, name: str) -> None:
    try:
        rules.add_rule(action, name)
    except OSError as error:
        # Not all machines have all calls.
        if error.errno not in (errno.EINVAL, errno.EDOM, errno.ENOENT, errno.EFAULT):
            raise


def _compile(rules: Any) -> bytes:
    with open(os.memfd_create("filter"), "w+b") as file:
        rules.export_bpf(file)
        file.seek(0)
        return file.read()
