"""Names of what a zygote makes outside of itself, so that what a dead one left can be told and removed."""

import os
import re

# Nobody else's names begin like this: what looks like one of a dead zygote is removed.
PREFIX = "gaugelet-zygote-"
_NAME = re.compile(rf"{PREFIX}([0-9]+)-([0-9]+)(-[0-9]+)?")


def own_prefix() -> str:
    """Begins the names of all that this process makes. A process id alone is used again by others."""
    return f"{PREFIX}{os.getpid()}-{_start_time(os.getpid())}"


def is_left_over(name: str) -> bool:
    """Whether something was made by a process that is no more."""
    parts = _NAME.fullmatch(name)
    return parts is not None and _start_time(int(parts[1])) != int(parts[2])


def _start_time(pid: int) -> int | None:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return int(file.read().rpartition(b")")[2].split()[19])
    except OSError:
        return None
