"""The level `sandbox`: namespaces, a file system of its own, no rights, few system calls.

Two processes: the first of the new namespaces, which does little but wait for orphans, as the first process
of a pid namespace must; and the worker, its child. The kernel ends all that is in the namespaces when the
first process ends.
"""

import errno
import os
import signal
import socket
from typing import NoReturn

from gaugelet_worker.isolation import linux, mounts, namespaces
from gaugelet_worker.isolation.limits import apply_limits
from gaugelet_worker.isolation.namespaces import INNER_USER
from gaugelet_worker.isolation.place import Place
from gaugelet_worker.isolation.refused import Refused
from gaugelet_worker.isolation.rootfs import View, build_root
from gaugelet_worker.isolation.users import become, language_paths
from gaugelet_worker.report import Report
from gaugelet_worker.specification import LaunchSpec

# The worker and the first process.
_OWN_PROCESSES = 2
_ADVICE = {
    errno.ENOSYS: ": it takes Linux 5.12 or newer",
    errno.EPERM: ": in a container that masks parts of /proc, start it with"
    " docker run --security-opt systempaths=unconfined, or run the runtime with CAP_SYS_ADMIN",
}


def split(place: Place, report: Report, name: bytes | None = None) -> socket.socket:
    """In the first process of new namespaces: fork the worker. Returns in that, with a line to the first.

    `name` is what the first is called once the worker's world is laid out, where that is another than now.
    """
    line, other_end = socket.socketpair()
    if place.user is None:
        namespaces.map_user(place.outerUser, place.outerGroup)
    os.chdir("/")
    pid = os.fork()
    if pid == 0:
        other_end.close()
        return line
    _be_first_process(pid, other_end, report, name)


def contain(spec: LaunchSpec, place: Place, environment: dict[str, str], first: socket.socket) -> dict:
    """In the worker: lay out its world and give up all rights. Completes the environment, gives the level."""
    environment |= {"TMPDIR": "/tmp", "HOME": "/tmp"}
    try:
        _lay_out(spec, INNER_USER if place.user is None else place.user)
    except OSError as error:
        advice = _ADVICE.get(error.errno, "")
        raise Refused(f"the files of the sandbox cannot be laid out ({error.strerror}){advice}") from None
    # Letting go of the machine's files takes some milliseconds, which the first process spends.
    first.sendall(b"!")
    if place.user is not None:
        become(place.user)
    if not first.recv(1):
        raise Refused("the first process of the sandbox has failed")
    first.close()
    if place.user is not None:
        linux.unshare(linux.CLONE_NEWUSER)
        namespaces.map_user(place.user, place.user)
    apply_limits(spec.limits, is_program=spec.program is not None, own_processes=_OWN_PROCESSES)
    linux.drop_bounding_set()
    linux.drop_capabilities()
    linux.no_new_privileges()
    linux.set_traceable(True)
    # The kernel takes it back when the user changes.
    linux.die_with_parent()
    try:
        os.chdir(spec.directory)
        os.listdir()
    except OSError as error:
        raise Refused(
            f"the folder {spec.directory} cannot be read in the sandbox ({error.strerror}):"
            " let every user read it"
        ) from None
    place.filters.apply()
    return {"ownUser": place.user is not None, "ownUserReason": place.userReason, "cgroup": place.cgroup}


def _lay_out(spec: LaunchSpec, owner: int) -> None:
    language = () if spec.program is not None else language_paths()
    build_root(
        View(
            readOnly=(spec.directory, *spec.readOnly, *language),
            network=spec.network,
            scratchBytes=spec.limits.disk,
            user=owner,
        )
    )
    namespaces.set_host_name()
    if not spec.network:
        namespaces.bring_up_loopback()


def _be_first_process(worker: int, line: socket.socket, report: Report, name: bytes | None) -> NoReturn:
    """Out of the worker's reach: it cannot be traced, and takes no signal from it."""
    try:
        os.setsid()
        signal.set_wakeup_fd(-1)
        linux.die_with_parent()
        linux.set_traceable(False)
        linux.close_all_but(line.fileno(), report.descriptor)
        if line.recv(1):
            # The worker's root has become that of all here, with the machine's on top of it.
            mounts.detach(".")
            linux.drop_bounding_set()
            linux.drop_capabilities()
            if name is not None:
                linux.set_name(name)
            line.sendall(b"!")
        line.close()
        while True:
            pid, status = os.wait()
            if pid == worker:
                report.say(exit=status)
                break
    finally:
        os._exit(0)
