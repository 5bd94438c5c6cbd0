"""Namespaces of a sandboxed worker.

Root makes them with its own rights, lays out the files, and then becomes a user with a namespace of its
own. Anybody else begins with the user namespace, which gives the right to make the others.
"""

import contextlib
import fcntl
import os
import socket
import struct
from pathlib import Path

from gaugelet_worker.isolation import linux
from gaugelet_worker.isolation.refused import Refused

# Who the worker is inside.
INNER_USER = 1000
HOST_NAME = "gaugelet"
_ALWAYS = (
    linux.CLONE_NEWNS | linux.CLONE_NEWPID | linux.CLONE_NEWIPC | linux.CLONE_NEWUTS | linux.CLONE_NEWCGROUP
)
_SIOCSIFFLAGS, _IFF_UP = 0x8914, 1


def fork_into_namespaces(*, network: bool, user: bool) -> int:
    """fork(2) into new namespaces: 0 in the child, which is the first process there.

    `network`: keep the machine's. `user`: begin with a user namespace, for want of rights.
    """
    flags = _ALWAYS
    if not network:
        flags |= linux.CLONE_NEWNET
    if user:
        flags |= linux.CLONE_NEWUSER
    try:
        return linux.fork_into(flags)
    except OSError as error:
        raise Refused(_explain(error)) from None


def map_user(outer_user: int, outer_group: int) -> None:
    """In a new user namespace: be `INNER_USER` there."""
    # The files belong to root in a process that has changed its user.
    linux.set_traceable(True)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{INNER_USER} {outer_user} 1")
    Path("/proc/self/gid_map").write_text(f"{INNER_USER} {outer_group} 1")


def set_host_name() -> None:
    """The machine's own is nobody's business."""
    socket.sethostname(HOST_NAME)


def bring_up_loopback() -> None:
    """A new network namespace has only this, and it is down."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket, contextlib.suppress(OSError):
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", _IFF_UP))


def _explain(error: OSError) -> str:
    reason = f"namespaces cannot be made here ({os.strerror(error.errno)})"
    for file, bad, advice in _SWITCHES:
        with contextlib.suppress(OSError):
            if Path(file).read_text().strip() == bad:
                return f"{reason}: {file} is {bad}; {advice}"
    return (
        f"{reason}: in a container, give it the capability SYS_ADMIN or a seccomp profile that allows unshare"
        " (docker run --security-opt seccomp=unconfined --security-opt systempaths=unconfined)"
    )


_SWITCHES = (
    ("/proc/sys/user/max_user_namespaces", "0", "set sysctl user.max_user_namespaces=10000"),
    ("/proc/sys/kernel/unprivileged_userns_clone", "0", "set sysctl kernel.unprivileged_userns_clone=1"),
    (
        "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
        "1",
        "set sysctl kernel.apparmor_restrict_unprivileged_userns=0, or run the runtime as root",
    ),
)
