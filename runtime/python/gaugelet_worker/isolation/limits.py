"""Limits that the kernel holds a process to by itself, without any right: rlimits."""

import math
import os
import resource
import time

from gaugelet_worker.isolation import linux
from gaugelet_worker.specification import Limits

# Descriptors that the worker itself has open: its streams, and for a program what its own machinery needs.
_OWN_FILES = 8
_OWN_FILES_OF_PROGRAM = 40
# Threads are processes to the kernel. These are for the libraries and the program, not for the function.
THREADS_ALLOWANCE = 16
# Node reserves 600 MB when it starts, of which it uses 30: for a program this is a backstop only.
_RESERVED_BY_PROGRAM = 1024**3
_ADDRESS_SPACE_FACTOR = 4
_ADDRESS_SPACE_SLACK = 4 * 1024**3
# More than a line of /proc has.
_LINE_BYTES = 512


def apply_limits(limits: Limits, *, is_program: bool, own_processes: int | None) -> None:
    """Bound this process and what it starts.

    `own_processes`: how many its user has already; None where a limit for them would say nothing.
    """
    _bound(resource.RLIMIT_CORE, 0)
    if limits.openFiles is not None:
        own_files = _OWN_FILES_OF_PROGRAM if is_program else _OWN_FILES
        _bound(resource.RLIMIT_NOFILE, limits.openFiles + own_files)
    if limits.disk is not None:
        _bound(resource.RLIMIT_FSIZE, limits.disk)
    if limits.processes is not None and own_processes is not None:
        _bound(resource.RLIMIT_NPROC, own_processes + limits.processes + THREADS_ALLOWANCE)
    if limits.memory is not None and linux.IS_LINUX:
        size, data = (each * resource.getpagesize() for each in _memory_pages())
        if is_program:
            _bound(resource.RLIMIT_DATA, limits.memory + _RESERVED_BY_PROGRAM)
        else:
            _bound(resource.RLIMIT_DATA, data + limits.memory)
            # For mappings that are no data, such as shared ones: a backstop.
            backstop = limits.memory * _ADDRESS_SPACE_FACTOR + _ADDRESS_SPACE_SLACK
            _bound(resource.RLIMIT_AS, size + backstop)


def renew_cpu_limit(seconds: float) -> None:
    """Let this process use so many CPU seconds from now on, rounded up; then SIGXCPU ends it."""
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(time.process_time() + seconds), hard))


def _bound(what: int, value: int) -> None:
    """Set both limits, so that the function cannot raise it again; never above what holds already."""
    _, hard = resource.getrlimit(what)
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    resource.setrlimit(what, (value, value))


def _memory_pages() -> tuple[int, int]:
    with linux.Unbuffered("/proc/self/statm", os.O_RDONLY) as descriptor:
        fields = os.read(descriptor, _LINE_BYTES).split()
    return int(fields[0]), int(fields[5])
