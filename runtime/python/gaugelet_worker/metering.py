"""What a worker has used so far."""

import resource
import sys
from time import perf_counter, process_time

from gaugelet_worker.isolation.limits import renew_cpu_limit

# To ask the system costs as much as a small handler, and as much as many of them where software imitates the
# processor. So it is asked again when this has passed, or so many times what asking took. Until then a call
# is taken to have computed for as long as it took.
_LOOK_SECONDS = 0.001
_LOOK_AT_LATEST_SECONDS = 0.01
_LOOK_AFTER_TIMES = 200
# Processor time. The limit counts whole seconds, and to renew it before each call would cost too much.
_RENEW_CPU_LIMIT_SECONDS = 0.5
_MAXRSS_BYTES = 1.0 if sys.platform == "darwin" else 1024.0

# Of a script's worker what counts is what the scripts use, and those are its children.
_with_children = False


def count_children_too() -> None:
    """From now on count the processes too that this one has started, as soon as they have ended."""
    global _with_children
    _with_children = True


class Meter:
    """Processor time and the peak of memory of this process; renews the limit of processor time."""

    def __init__(self) -> None:
        self.peak_memory_bytes = 0.0
        # What was used before is no call's: a fork of a process that is warm has used much.
        self._cpu_seconds = process_time()
        # Of these, what calls used and no reading said yet; below 0 where more was said.
        self._untold_seconds = 0.0
        self._look_at = 0.0
        self._cpu_limit: float | None = None
        self._renew_cpu_limit_at = 0.0

    def limit_cpu(self, seconds: float | None) -> None:
        """Let each call have this much processor time from now on; None: without end."""
        self._cpu_limit = seconds

    def read(self, now: float, seconds: float) -> float:
        """Processor seconds of calls that took so many seconds and are over now; exact over some of them."""
        if now < self._look_at:
            self._untold_seconds -= seconds
            return seconds
        self._untold_seconds += self._look(now)
        told = max(0.0, self._untold_seconds)
        self._untold_seconds -= told
        return told

    def pause(self) -> None:
        """What is used from now on is no call's."""
        self._untold_seconds += self._look(perf_counter())

    def resume(self) -> None:
        """Calls follow again."""
        self._look(perf_counter())

    def _look(self, now: float) -> float:
        before = self._cpu_seconds
        seconds = process_time()
        self.peak_memory_bytes = _peak_of(resource.RUSAGE_SELF)
        if _with_children:
            children = resource.getrusage(resource.RUSAGE_CHILDREN)
            seconds += children.ru_utime + children.ru_stime
            self.peak_memory_bytes = max(self.peak_memory_bytes, _peak_of(resource.RUSAGE_CHILDREN))
        self._cpu_seconds = seconds
        asked = perf_counter()
        after = _LOOK_AFTER_TIMES * (asked - now)
        self._look_at = asked + min(max(_LOOK_SECONDS, after), _LOOK_AT_LATEST_SECONDS)
        if self._cpu_limit is not None and seconds >= self._renew_cpu_limit_at:
            # Not at every call: what may be used until the next time is added.
            renew_cpu_limit(self._cpu_limit + _RENEW_CPU_LIMIT_SECONDS)
            self._renew_cpu_limit_at = seconds + _RENEW_CPU_LIMIT_SECONDS
        return seconds - before


def _peak_of(whose: int) -> float:
    return resource.getrusage(whose).ru_maxrss * _MAXRSS_BYTES
