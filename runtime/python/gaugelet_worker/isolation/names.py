"""Names of what a zygote makes outside of itself, so that what a dead one left can be told and removed."""

import os

_PREFIX = "gaugelet"


def own_prefix() -> str:
    """Begins the names of all that this process makes. A process id alone is used again by others."""
    return f"{_PREFIX}-{os.getpid()}-{_start_time(os.getpid())}"


def is_left_over(name: str) -> bool:
    """Whether something was made by a process that is no more."""
    parts = name.split("-")
    if len(parts) < 3 or parts[0] != _PREFIX or not (parts[1].isdecimal() and parts[2].isdecimal()):
        return False
    return _start_time(int(parts[1])) != int(parts[2])


def _start_time(pid: int) -> int | None:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return int(file.read().rpartition(b")")[2].split()[19])
    except OSError:
        return None
