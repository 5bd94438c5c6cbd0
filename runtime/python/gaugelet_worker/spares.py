"""Workers that are forked ahead of need, as the zygote sees them: when one is, and whom it serves."""

import math
import time

from gaugelet_worker.holding import Premises
from gaugelet_worker.launch import Launch
from gaugelet_worker.specification import LaunchSpec
from gaugelet_worker.worker import Worker, fork_spare, fork_worker

# One is forked once no worker was asked for so long: it takes the time of several starts.
_QUIET_SECONDS = 0.05


class Spares:
    """One for each level at which there were launches."""

    def __init__(self, premises: Premises) -> None:
        self._premises = premises
        # By level, as are those that are wanted.
        self._waiting: dict[str, Worker] = {}
        self._wanted: set[str] = set()
        self.due = math.inf
        """When the next one is to be forked."""

    def worker_for(self, launch: Launch) -> Worker:
        """The spare, where there is one and it is of use; else a new fork.

        Raises InChild in the child; Refused or OSError where that cannot be.
        """
        if self.due < math.inf:
            self.due = time.monotonic() + _QUIET_SECONDS
        level = _level_for(launch.spec)
        spare = self._waiting.get(level)
        if spare is None or spare.has_died:
            return fork_worker(launch, self._premises)
        if spare.is_outdated:
            self._waiting.pop(level).end()
            return fork_worker(launch, self._premises)
        spare.take_on(launch, self._premises)
        del self._waiting[level]
        return spare

    def want(self, spec: LaunchSpec) -> None:
        """Have one after a while: where it would have been of use there may be a next time."""
        level = _level_for(spec)
        if level is not None and level not in self._waiting:
            self._wanted.add(level)
            self.due = time.monotonic() + _QUIET_SECONDS

    def have_come_due(self) -> bool:
        """Whether one is to be forked now. This is said once, until one is wanted again."""
        if time.monotonic() < self.due:
            return False
        self.due = math.inf
        return True

    def fork(self) -> Worker:
        """Fork the next one. Raises InChild in the child; Refused or OSError where that cannot be."""
        level = self._wanted.pop()
        if self._wanted:
            self.due = time.monotonic()
        self._waiting[level] = spare = fork_spare(level, self._premises)
        return spare

    def forget(self, spare: Worker) -> None:
        """It has ended ahead of its launch."""
        if self._waiting.get(spare.spec.isolation) is spare:
            del self._waiting[spare.spec.isolation]


def _level_for(spec: LaunchSpec) -> str | None:
    """The level of the spares that serve such a launch: none has the machine's network in a sandbox."""
    return None if spec.isolation == "sandbox" and spec.network else spec.isolation
