"""A worker that is forked ahead of need: it waits for its launch.

What it does not need the launch for is done by then. Nothing of a function is in it: it is forked while no
launch is under way, and runs nothing but the rehearsal. In a sandbox it has its namespaces by then, but sees
the machine's files still.
"""

import os
import pickle
import socket
import traceback
from typing import NoReturn

from gaugelet_worker.isolation import linux, sandbox_level
from gaugelet_worker.isolation.mounts import MountWatch
from gaugelet_worker.isolation.place import Place
from gaugelet_worker.launch import FIRST_FREE_DESCRIPTOR, Child, Launch, prepare, run_child
from gaugelet_worker.rehearsal import rehearse
from gaugelet_worker.report import Report
from gaugelet_worker.streams import Descriptor

# As `ps` shows it, for as long as it waits.
_NAME = b"gaugelet-spare"
# The kernel takes no longer message by default.
_MAX_MESSAGE_BYTES = 212_992
_MOST_DESCRIPTORS = 8


class Line:
    """From the zygote to a spare: one message, the launch. Its end is that of the spare."""

    def __init__(self, isolation: str) -> None:
        """To be made before the fork. `isolation`: the level of the spare."""
        self._near, self._far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._near.setblocking(False)
        self._mounts = MountWatch() if isolation == "sandbox" else None

    def keep_near_end(self) -> None:
        """In the zygote: the other end is the fork's."""
        self._far.close()

    def keep_far_end(self) -> int:
        """In the fork: gives its descriptor."""
        self._near.close()
        return self._far.fileno()

    def is_outdated(self) -> bool:
        """In the zygote: whether the spare lacks what was mounted since, in a mount namespace of its own."""
        return self._mounts is not None and self._mounts.has_seen_change()

    def hand_over(self, launch: Launch, place: Place) -> None:
        """Tell the spare what it is. Raises OSError where it hears nothing any more, or it is too much.

        The environment travels in a file that has no name: secrets are not left in anybody's buffer.
        """
        message = pickle.dumps((launch.spec, place, tuple(launch.streams)))
        descriptor = os.memfd_create("environment")
        try:
            os.write(descriptor, launch.environment)
            socket.send_fds(self._near, [message], [descriptor, *launch.streams.values()])
        finally:
            os.close(descriptor)
        self.close()

    def take(self, report: Report, first: socket.socket | None) -> Child | None:
        """In the spare: wait for what it is; None where it is not needed any more."""
        message, descriptors, *_ = socket.recv_fds(self._far, _MAX_MESSAGE_BYTES, _MOST_DESCRIPTORS)
        if not message:
            return None
        spec, place, targets = pickle.loads(message)
        file, *streams = descriptors
        environment = bytearray(os.fstat(file).st_size)
        os.preadv(file, [environment], 0)
        os.close(file)
        launch = Launch(spec, environment, dict(zip(targets, streams, strict=True)))
        return Child(launch, report, place, is_prepared=True, first=first)

    def close(self) -> None:
        """In the zygote: say nothing more."""
        self._near.close()
        if self._mounts is not None:
            self._mounts.close()
            self._mounts = None


def be_spare(isolation: str, place: Place, line: Line, report: Report) -> NoReturn:
    """Make ready, wait, and become the worker of the launch that comes. `place` is the sandbox's."""
    child = None
    try:
        name = linux.name()
        linux.set_name(_NAME)
        first = sandbox_level.split(place, report, name) if isolation == "sandbox" else None
        _let_go(line.keep_far_end(), report.descriptor, *([] if first is None else [first.fileno()]))
        prepare(isolation)
        # What shares the runtime's user has no business in what is to be another function's.
        linux.set_traceable(False)
        rehearse()
        child = line.take(report, first)
        linux.set_traceable(True)
        linux.set_name(name)
    except BaseException:
        traceback.print_exc()
        child = None
    if child is None:
        os._exit(0)
    run_child(child)


def _let_go(*kept: int) -> None:
    """Hold nothing of the zygote's but these and where errors are told."""
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in {0, *Descriptor} - {Descriptor.STDERR}:
        os.dup2(null, descriptor)
    linux.close_all_but(*kept, first=FIRST_FREE_DESCRIPTOR)
