"""What a process gives up before it reads code that it does not trust."""

import math
import resource
from typing import TypedDict

from gaugelet_worker.isolation import linux
from gaugelet_worker.isolation.limits import apply_limits
from gaugelet_worker.specification import Limits

_OPEN_FILES = 64


class CheckLimits(TypedDict):
    """Bounds of a check."""

    memory: int
    """Bytes beyond what the process has when it starts."""
    cpu: float
    """CPU seconds, after which the kernel ends the process."""


def contain(limits: CheckLimits, *, is_program: bool) -> None:
    """Bound this process: memory, CPU, no file written, no rights; and where that can be, no further process.

    Root has no limit of processes, and a program such as Node needs threads, which count as processes.
    """
    apply_limits(
        Limits(memory=limits["memory"], openFiles=_OPEN_FILES, disk=0),
        is_program=is_program,
        own_processes=None,
    )
    if not is_program:
        resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
    seconds = math.ceil(limits["cpu"])
    # The soft limit ends the process with a signal that says why; the hard one is for who ignores it.
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    linux.drop_capabilities()
    linux.no_new_privileges()
    linux.die_with_parent()
