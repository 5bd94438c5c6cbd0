"""Finding processes, ending those that a worker left behind, and what ended one."""

import contextlib
import os
import resource
import signal
from collections.abc import Iterator

# A limit that the kernel knows but does not apply, and that children inherit: the mark of a worker.
_RLIMIT_LOCKS = 10


def set_mark(mark: int) -> None:
    """Mark this process and all that it starts."""
    resource.setrlimit(_RLIMIT_LOCKS, (mark, mark))


def kill_marked(mark: int) -> bool:
    """End all marked processes; whether there was none, not even one that is dead and not yet waited for."""
    found = False
    for pid in _all():
        with contextlib.suppress(OSError):
            if resource.prlimit(pid, _RLIMIT_LOCKS) == (mark, mark):
                found = True
                os.kill(pid, signal.SIGKILL)
    return not found


def kill_all_of(user: int) -> None:
    """End all processes of a user that has no other purpose. This process must be root."""
    pid = os.fork()
    if pid == 0:
        try:
            os.setresuid(user, user, user)
            os.kill(-1, signal.SIGKILL)
        finally:
            os._exit(0)
    os.waitpid(pid, 0)


def count_of_user(user: int) -> int:
    """How many threads a user has, which is what the kernel counts as processes."""
    return sum(_threads(pid) for pid in _all() if _owner(pid) == user)


def _all() -> Iterator[int]:
    return (int(name) for name in os.listdir("/proc") if name.isdigit())


def _owner(pid: int) -> int | None:
    try:
        return os.stat(f"/proc/{pid}").st_uid
    except OSError:
        return None


def _threads(pid: int) -> int:
    try:
        return len(os.listdir(f"/proc/{pid}/task"))
    except OSError:
        return 0


def name_of_signal(number: int) -> str:
    """As people write it."""
    try:
        return signal.Signals(number).name
    except ValueError:  # one of those without a name
        return f"SIGRTMIN+{number - signal.SIGRTMIN}"
