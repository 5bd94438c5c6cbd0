"""What the zygote has ready for one worker before it forks it."""

import dataclasses

from gaugelet_worker.isolation.seccomp import Filters


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """A worker's share of the machine."""

    user: int | None = None
    """A user id that nobody else has."""
    outerUser: int | None = None
    outerGroup: int | None = None
    """Of the zygote, where the sandbox runs as its user."""
    userReason: str | None = None
    """Why there is none."""
    scratch: str | None = None
    """An empty folder; none in the sandbox, which has a file system for that."""
    cgroup: bool = False
    """Whether the worker is born in a control group of its own."""
    filters: Filters | None = None
    """For the sandbox, and for virtual machines."""
    mark: int | None = None
    """By which to know the worker's processes; needless in the sandbox, whose end is theirs."""
