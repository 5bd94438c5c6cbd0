"""A user id for each worker, which nobody else has."""

import contextlib
import os
import socket
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from gaugelet_worker.isolation import linux
from gaugelet_worker.isolation.refused import Refused

# Above all that are given to people, services and containers' default maps; and for user namespaces that
# have only the usual 65,536, those that systemd keeps for services of the moment.
_RANGES = (range(200_000, 265_536), range(61_184, 65_520))


class UserId:
    """A reserved user id. Reserved through an abstract socket: machine-wide, and gone with its process."""

    def __init__(self, number: int, reservation: socket.socket) -> None:
        self.number = number
        self._reservation = reservation

    def release(self) -> None:
        """Nothing runs as this user any more."""
        self._reservation.close()


class UserIds:
    """The ids that workers can get here."""

    def __init__(self) -> None:
        self._free: Iterator[int] = iter(())
        self._range = next((each for each in _RANGES if _is_mapped(each)), None)
        # Asked once: it takes as long as all else that a start takes here.
        self._can_change_user = linux.can_change_user()
        self._is_administrator = linux.is_administrator()

    def reserve(self) -> tuple[UserId | None, str | None]:
        """An id that nobody has, or why there can be none here. Raises Refused where all are taken."""
        if not self._can_change_user:
            return None, "the runtime may not change users: run it as root or with CAP_SETUID and CAP_SETGID"
        if self._range is None:
            return None, "the user namespace of the runtime has no user ids to spare: map some 65,536"
        for _ in range(2):
            for number in self._free:
                reservation = socket.socket(socket.AF_UNIX)
                try:
                    reservation.bind(f"\0gaugelet-user-{number}")
                except OSError:
                    reservation.close()
                    continue
                return UserId(number, reservation), None
            self._free = iter(self._range)
        raise Refused("all user ids for workers are taken: end functions, or workers of other runtimes here")

    def for_sandbox(self) -> tuple[UserId | None, str | None]:
        """The same, where a sandbox can be made that way: by root, with its own rights."""
        if not self._is_administrator:
            return None, "the sandbox is a user namespace of the runtime's user, for want of CAP_SYS_ADMIN"
        return self.reserve()


def _is_mapped(ids: range) -> bool:
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/uid_map").read_text().splitlines():
            first, _, count = map(int, line.split())
            if first <= ids.start and ids.stop <= first + count:
                return True
    return False


def unreadable_by(number: int, paths: Iterable[str]) -> str | None:
    """The first of these that a user could not read, or get through where it ends with a slash."""
    user, group, groups = os.geteuid(), os.getegid(), os.getgroups()
    os.setgroups([])
    os.setegid(number)
    os.seteuid(number)
    try:
        return next((path for path in paths if not _is_readable(path)), None)
    finally:
        os.seteuid(user)
        os.setegid(group)
        os.setgroups(groups)


def _is_readable(path: str) -> bool:
    if path.endswith(os.sep):
        # A folder above: to get through it is enough.
        return os.access(path, os.X_OK, effective_ids=True)
    if not os.path.isdir(path):
        return os.access(path, os.R_OK, effective_ids=True)
    return os.access(path, os.R_OK | os.X_OK, effective_ids=True)


def language_paths() -> list[str]:
    """The folders that this interpreter imports from."""
    package = str(Path(__file__).parents[1])
    paths = {sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix, package}
    # Where the package was found there may be much else: of that folder, the package alone.
    paths.update(path for path in sys.path if os.path.exists(path) and not Path(package).is_relative_to(path))
    return sorted(paths)


def become(number: int) -> None:
    """Be this user for good, in its own group and no other."""
    os.setgroups([])
    os.setresgid(number, number, number)
    os.setresuid(number, number, number)
