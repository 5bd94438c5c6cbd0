"""Control groups: memory and processes of a worker and all that it starts, counted together.

Moving a process into a group takes up to 20 ms, for the kernel waits for all processors. A fork, though, is
born in the group of its parent. So the zygote always sits in the group of the next worker, and moves on
once that is forked, when nobody waits for it.

Documentation: https://docs.kernel.org/admin-guide/cgroup-v2.html and cgroup-v1/{memory,pids}.html
"""

import contextlib
import dataclasses
import os
import signal
import time
from pathlib import Path

from gaugelet_worker.isolation import linux
from gaugelet_worker.isolation.hierarchies import Hierarchies, find_hierarchies
from gaugelet_worker.isolation.limits import THREADS_ALLOWANCE
from gaugelet_worker.isolation.names import is_left_over, own_prefix
from gaugelet_worker.specification import Limits

# What a fork copies of the zygote's memory is counted as the worker's.
_COPIED_BYTES = 48 * 1024**2
# The worker, the first process of its namespace, and the zygote while it sits there.
_OWN_PROCESSES = 3
_LONGEST_REMOVAL_SECONDS = 2
_POLL_SECONDS = 0.01


@dataclasses.dataclass(frozen=True)
class Group:
    """The group of one worker: a folder in each hierarchy."""

    hierarchies: Hierarchies
    name: str

    def limit(self, limits: Limits, *, scratch_is_memory: bool) -> None:
        """Bound what is in the group."""
        kinds = self.hierarchies.files
        if limits.memory is not None:
            scratch = limits.disk or 0 if scratch_is_memory else 0
            memory = limits.memory + scratch + _COPIED_BYTES
            self._write("memory", kinds.memory_limit, memory)
            with contextlib.suppress(OSError):  # where swap is not counted
                self._write("memory", kinds.swap_limit, memory if self.hierarchies.version == 1 else 0)
        if limits.processes is not None:
            count = limits.processes + THREADS_ALLOWANCE + _OWN_PROCESSES
            self._write("pids", kinds.processes_limit, count)

    def enter(self) -> None:
        """Move this process into it."""
        for folder in self._folders():
            (folder / "cgroup.procs").write_text("0")

    def make(self) -> None:
        """Make its folders. Raises OSError."""
        for folder in self._folders():
            folder.mkdir()

    def was_out_of_memory(self) -> bool:
        """Whether the kernel ended something in it because there was no memory left."""
        folder = self.hierarchies.folders["memory"] / self.name
        lines = (folder / self.hierarchies.files.memory_events).read_text().splitlines()
        return any(line.startswith("oom_kill ") and line != "oom_kill 0" for line in lines)

    def kill(self) -> bool:
        """End all that is in it; whether there was nothing."""
        with contextlib.suppress(OSError):
            self._write("pids", self.hierarchies.files.processes_limit, 0)  # nothing is born any more
        found = False
        for folder in filter(Path.exists, self._folders()):
            for pid in map(int, (folder / "cgroup.procs").read_text().split()):
                found = True
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        return not found

    def remove(self) -> bool:
        """Remove its folders; False where that is not possible yet."""
        try:
            for folder in self._folders():
                if folder.exists():
                    folder.rmdir()
        except OSError:
            return False
        return True

    def _folders(self) -> list[Path]:
        return [folder / self.name for folder in dict.fromkeys(self.hierarchies.folders.values())]

    def _write(self, controller: str, file: str, value: int) -> None:
        path = f"{self.hierarchies.folders[controller]}/{self.name}/{file}"
        with linux.Unbuffered(path, os.O_WRONLY) as descriptor:
            os.write(descriptor, b"%d" % value)


class Cgroups:
    """The groups that the zygote makes for its workers, below its own."""

    def __init__(self) -> None:
        self._count = 0
        self._seat: Group | None = None
        self._seat_is_taken = False
        # Those that no worker was born in, and that are there still.
        self._given_up: list[Group] = []
        found = find_hierarchies()
        self.reason = found if isinstance(found, str) else None
        if isinstance(found, Hierarchies):
            self._hierarchies = found
            self._home = Group(found, found.home)
            try:
                self._remove_leftovers()
                self.move_on()
            except OSError as error:
                self.reason = f"the runtime may not make control groups: {error}"
                self.leave()

    def describe(self) -> dict:
        """Whether workers get groups, in which version, or why not."""
        version = None if self.reason else self._hierarchies.version
        return {"available": self.reason is None, "version": version, "reason": self.reason}

    def take(self, limits: Limits | None = None, *, scratch_is_memory: bool = False) -> Group | None:
        """The group in which the next fork is born; call `move_on` after the fork. Limits may come later."""
        if self.reason is not None:
            return None
        if self._seat_is_taken:
            self.move_on()
        if limits is not None:
            self._seat.limit(limits, scratch_is_memory=scratch_is_memory)
        self._seat_is_taken = True
        return self._seat

    def move_on(self) -> None:
        """Sit down in a new group, where the present one has become a worker's."""
        if self.reason is not None or (self._seat is not None and not self._seat_is_taken):
            return
        self._count += 1
        seat = Group(self._hierarchies, f"{own_prefix()}-{self._count}")
        try:
            seat.make()
            seat.enter()
        except OSError:
            self._given_up.append(seat)
            raise
        self._seat, self._seat_is_taken = seat, False
        self._given_up = [group for group in self._given_up if not group.remove()]

    def end(self, group: Group) -> bool:
        """End all that is in the group of a worker; whether there was nothing."""
        if group == self._seat:
            self.move_on()
        return group.kill()

    def give_up(self, group: Group) -> None:
        """Remove a group that no worker was born in, at once or once it can be left."""
        self._given_up.append(group)
        with contextlib.suppress(OSError):
            self.move_on()

    def leave(self) -> None:
        """Go back to where this process was started, and leave no group behind."""
        if self._seat is not None:
            self._home.enter()
            if not self._seat_is_taken:
                self._seat.remove()
            self._seat = None
        for group in self._given_up:
            group.remove()

    def _remove_leftovers(self) -> None:
        names = {name for folder in self._hierarchies.folders.values() for name in os.listdir(folder)}
        left = [Group(self._hierarchies, name) for name in names if is_left_over(name)]
        limit = time.monotonic() + _LONGEST_REMOVAL_SECONDS
        while left and time.monotonic() < limit:
            left = [group for group in left if not (group.kill() and group.remove())]
            if left:
                time.sleep(_POLL_SECONDS)
