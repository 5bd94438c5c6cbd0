"""A worker as the zygote sees it: from its fork to the moment when nothing of it is left."""

import contextlib
import os
import select
import signal
import time
from typing import NamedTuple

from gaugelet_worker.frames import decode_head
from gaugelet_worker.holding import Holding, Premises
from gaugelet_worker.isolation.namespaces import fork_into_namespaces
from gaugelet_worker.isolation.processes import name_of_signal
from gaugelet_worker.isolation.refused import Refused
from gaugelet_worker.launch import Child, InChild, Launch, run_child
from gaugelet_worker.report import Report
from gaugelet_worker.spare import Line, be_spare
from gaugelet_worker.specification import LaunchSpec

# Signals with which the kernel ends a worker that went over a limit.
_LIMIT_OF_SIGNAL = {signal.SIGXCPU: "cpu", signal.SIGSYS: "syscall"}
_POLL_SECONDS = 0.005
_CHILDREN = "/proc/{0}/task/{0}/children"
_CHUNK_BYTES = 65_536
# A folder that is there on every system, and that everybody can read.
_READABLE = "/usr"


class Outcome(NamedTuple):
    """How a worker ended."""

    exitCode: int | None = None
    signal: str | None = None
    limit: str | None = None


class Worker:
    """One worker. Its report is a pipe that tells its level, or why it has none, and how it ended."""

    def __init__(
        self, spec: LaunchSpec, holding: Holding, pid: int, report: int, line: Line | None = None
    ) -> None:
        """Ahead of its launch it is a spare, and has a line over which it is told of one."""
        self.spec = spec
        self.pid = pid
        self.is_ending = False
        self._holding = holding
        self._line = line
        self._report = report
        self._text = b""
        self._level: dict | None = None
        self._refusal: str | None = None
        self._status: int | None = None
        self._inner_status: int | None = None
        self._was_killed = False
        self._was_out_of_memory = False
        self._is_empty = False

    @property
    def launch(self) -> int | None:
        """The number of its launch; None ahead of it."""
        return self.spec.launch

    @property
    def is_outdated(self) -> bool:
        """Whether it is a spare that does not see all that is mounted."""
        return self._line.is_outdated()

    @property
    def has_died(self) -> bool:
        """Whether its first process has ended, told of or not."""
        options = os.WEXITED | os.WNOHANG | os.WNOWAIT
        return self.is_ending or os.waitid(os.P_PID, self.pid, options) is not None

    def take_on(self, launch: Launch, premises: Premises) -> None:
        """Become the worker of a launch. Raises Refused or OSError where that cannot be: it stays a spare."""
        self._holding = premises.hold(launch.spec, self._holding)
        self.spec = launch.spec
        try:
            self._line.hand_over(launch, self._holding.place)
        except OSError as error:
            self._refusal = f"what was forked ahead could not be told of it: {error}"
            os.kill(self.pid, signal.SIGKILL)

    def host_pid(self) -> int:
        """The process that runs the function: in a sandbox, the child of the first."""
        if self.spec.isolation == "sandbox":
            with contextlib.suppress(OSError, IndexError), open(_CHILDREN.format(self.pid)) as file:
                return int(file.read().split()[0])
        return self.pid

    def fileno(self) -> int:
        return self._report

    def read_report(self) -> tuple[dict | None, bool]:
        """The level, where that has just been told; and whether more may come."""
        more = True
        with contextlib.suppress(BlockingIOError):
            while chunk := os.read(self._report, _CHUNK_BYTES):
                self._text += chunk
            more = False
        *lines, self._text = self._text.split(b"\n")
        level = None
        for message in map(decode_head, lines):
            level = message.get("level", level)
            self._refusal = message.get("refused", self._refusal)
            self._inner_status = message.get("exit", self._inner_status)
        self._level = level or self._level
        return level, more

    def wait_until_ready(self) -> None:
        """Wait for what it does ahead of its launch. Raises Refused where that fails."""
        select.select([self._report], [], [])
        _, is_there = self.read_report()
        if self._refusal is not None or not is_there:
            raise Refused(self._refusal or "the worker ended before it was ready")

    def close_report(self) -> None:
        """Let go of the pipe."""
        os.close(self._report)

    def wait(self) -> tuple[dict | None, str | None]:
        """Wait for the end of a trial: the level that it had, or why it had none."""
        self.reaped(*os.waitpid(self.pid, 0))
        self.read_report()
        self.close_report()
        while not self.has_gone():
            time.sleep(_POLL_SECONDS)
            with contextlib.suppress(ChildProcessError):
                self._holding.reaped(os.waitpid(-1, os.WNOHANG)[0])
        return self._level, self.refusal

    def give_up(self, reason: str) -> None:
        """Kill what has not become a worker: it is refused for this reason."""
        self._refusal = reason
        self._kill()

    def end(self) -> None:
        """Kill it, at once."""
        self._was_killed = True
        self._kill()

    def _kill(self) -> None:
        if self._status is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
            os.kill(self.pid, signal.SIGKILL)

    def reaped(self, pid: int, status: int) -> None:
        """A process of this machine has ended and is waited for; its own first one, perhaps."""
        self._holding.reaped(pid)
        if pid == self.pid:
            self._status = status
            self.is_ending = True
            self._was_out_of_memory = self._holding.was_out_of_memory()
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)

    def has_gone(self) -> bool:
        """Whether nothing of it is left; ends what is. Only after its first process was reaped."""
        if not self._is_empty:
            has_own_user = bool(self._level and self._level["ownUser"])
            self._is_empty = self._holding.kill(has_own_user=has_own_user)
        if self._line is not None:
            self._line.close()
        return self._is_empty and self._holding.release()

    @property
    def has_launched(self) -> bool:
        """Whether the runtime has been told of it."""
        return self._level is not None

    @property
    def refusal(self) -> str | None:
        """Why it never became a worker; None for one that did, or was not wanted any more."""
        if self._level is not None or self._was_killed:
            return None
        return self._refusal or f"its process ended while it was set up: {self.outcome()}"

    def outcome(self) -> Outcome:
        """How it ended."""
        status = self._status if self._inner_status is None else self._inner_status
        if not os.WIFSIGNALED(status):
            return Outcome(exitCode=os.WEXITSTATUS(status))
        number = os.WTERMSIG(status)
        limit = _LIMIT_OF_SIGNAL.get(number)
        if number == signal.SIGKILL and self._was_out_of_memory:
            limit = "memory"
        return Outcome(signal=name_of_signal(number), limit=limit)


def fork_worker(launch: Launch, premises: Premises, *, is_trial: bool = False) -> Worker:
    """Fork. Raises InChild in the child; Refused or OSError where that cannot be."""
    spec = launch.spec
    holding = premises.hold(spec)
    pid, reading, writing = _fork_with_pipe(spec, holding)
    if pid == 0:
        child = Child(launch, Report(writing), holding.place, is_trial)
        raise InChild(lambda: run_child(child))
    return Worker(spec, holding, pid, reading)


def fork_spare(isolation: str, premises: Premises) -> Worker:
    """Fork a worker ahead of need. Raises InChild in the child; Refused or OSError where that cannot be."""
    spec = LaunchSpec(launch=None, directory="/", isolation=isolation)
    line = Line(isolation)
    try:
        holding = premises.hold_ahead(isolation)
        pid, reading, writing = _fork_with_pipe(spec, holding)
    except BaseException:
        line.close()
        raise
    if pid == 0:
        raise InChild(lambda: be_spare(isolation, holding.place, line, Report(writing)))
    line.keep_near_end()
    return Worker(spec, holding, pid, reading, line)


def _fork_with_pipe(spec: LaunchSpec, holding: Holding) -> tuple[int, int, int]:
    """
    Fork, with a pipe that the child reports on. Gives the process id, 0 in the child, and both ends, of which
    the parent has the reading one alone. Where it fails nothing is held any more.
    """
    ends: tuple[int, ...] = ()
    try:
        ends = reading, writing = os.pipe()
        if spec.isolation == "sandbox":
            pid = fork_into_namespaces(network=spec.network, user=holding.place.user is None)
        else:
            pid = os.fork()
    except BaseException:
        for end in ends:
            os.close(end)
        holding.give_up()
        raise
    if pid != 0:
        os.close(writing)
        os.set_blocking(reading, False)
    return pid, reading, writing


def try_level(level: str, premises: Premises) -> tuple[dict | None, str | None]:
    """What a worker of a level really has on this machine, or why it cannot be had."""
    launch = Launch(LaunchSpec(launch=0, directory=_READABLE, isolation=level), bytearray(), {})
    try:
        return fork_worker(launch, premises, is_trial=True).wait()
    except (Refused, OSError) as error:
        return None, str(error)
