"""The pipes between a worker and the runtime.

The zygote makes them. The fork gets the worker's ends, and the runtime opens its own by
`/proc/<zygote>/fd/<descriptor>`: they have no name, so that only who may look into the zygote can reach them.
A pipe for each direction wakes nobody for nothing, and takes half of the time of a socket pair.
"""

import contextlib
import fcntl
import os
from enum import IntEnum

# Programs also open those for lines by name, as in `echo >/dev/stderr`, and may be another user's.
_WRITABLE_BY_ALL = 0o622
# Twice what a pipe holds else: of so many events on their way the runtime seldom waits until there is room.
_REQUESTS_BYTES = 128 * 1024


class Descriptor(IntEnum):
    """What a worker finds at which number."""

    STDOUT = 1
    STDERR = 2
    ANSWERS = 3
    RECORDS = 4
    REQUESTS = 5


class Pipes:
    """One for each of a worker's descriptors. Both ends are held here until they are where they belong."""

    def __init__(self) -> None:
        """Raises OSError where no more files can be opened."""
        self.workers: dict[Descriptor, int] = {}
        """The worker's ends, by what they become."""
        self.runtimes: dict[Descriptor, int] = {}
        """The runtime's ends."""
        try:
            for target in Descriptor:
                reading, writing = os.pipe()
                is_read = target is Descriptor.REQUESTS
                self.workers[target], self.runtimes[target] = (
                    (reading, writing) if is_read else (writing, reading)
                )
            with contextlib.suppress(PermissionError):  # the user has as much in pipes as one may have
                fcntl.fcntl(self.workers[Descriptor.REQUESTS], fcntl.F_SETPIPE_SZ, _REQUESTS_BYTES)
            for target in (Descriptor.STDOUT, Descriptor.STDERR):
                os.fchmod(self.workers[target], _WRITABLE_BY_ALL)
        except OSError:
            self.close()
            raise

    def close_workers(self) -> None:
        """The worker has its ends."""
        _close(self.workers)

    def close(self) -> None:
        """The runtime has its ends too, or will never want them."""
        _close(self.workers)
        _close(self.runtimes)

    def told(self) -> dict[str, int]:
        """The runtime's ends, as it is told of them."""
        return {target.name.lower(): descriptor for target, descriptor in self.runtimes.items()}


def _close(ends: dict[Descriptor, int]) -> None:
    while ends:
        os.close(ends.popitem()[1])
