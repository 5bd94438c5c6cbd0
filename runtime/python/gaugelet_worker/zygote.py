"""The zygote: a warm process that forks a worker whenever the runtime asks for one.

One thread, one loop: control frames, reports of fresh workers, ended children. Descriptor 3
is the control channel. When the runtime closes it, or dies, the zygote and all its workers end.
"""

import contextlib
import math
import os
import platform
import selectors
import signal
import socket
import time
import traceback
from collections.abc import Callable
from typing import NoReturn

from gaugelet_worker.control import ControlChannel, ControlFrame, wipe
from gaugelet_worker.frames import FrameType
from gaugelet_worker.holding import Premises
from gaugelet_worker.isolation import linux
from gaugelet_worker.isolation.refused import Refused
from gaugelet_worker.launch import InChild, Launch
from gaugelet_worker.preload import Preloaded, preload
from gaugelet_worker.spares import Spares
from gaugelet_worker.specification import LEVELS, LaunchSpec
from gaugelet_worker.streams import Pipes
from gaugelet_worker.worker import Worker, try_level

_CONTROL_DESCRIPTOR = 3
# How often to look whether all of an ended worker is gone, and whether one takes too long to set up.
_POLL_SECONDS = 0.005
_SWEEP_SECONDS = 5
_LONGEST_END_SECONDS = 5
# What is not a worker by then will not become one, even where very many are asked for at once.
_SET_UP_SECONDS = 60


class Zygote:
    """Forks workers, watches them, and tells the runtime how they ended."""

    def __init__(self, set_up_seconds: float) -> None:
        """A worker that is not set up within so many seconds is given up."""
        linux.die_with_parent()
        # What a worker leaves behind becomes a child of the zygote, and not of a process far away.
        linux.prctl(linux.PR_SET_CHILD_SUBREAPER, 1)
        self._channel = ControlChannel(socket.socket(fileno=_CONTROL_DESCRIPTOR))
        self._selector = selectors.DefaultSelector()
        # All that are there, spares too.
        self._workers: set[Worker] = set()
        self._reporting: set[Worker] = set()
        # Those that have not become a worker yet, by when that is too long ago.
        self._setting_up: dict[Worker, float] = {}
        # By launch: the ends that the runtime has not opened yet.
        self._untaken: dict[int, Pipes] = {}
        self._set_up_seconds = set_up_seconds
        self._sweep_seconds = min(_SWEEP_SECONDS, set_up_seconds)
        self._premises = Premises()
        self._spares = Spares(self._premises)
        self._next_sweep = 0.0
        self._wakened, self._wake = socket.socketpair()
        self._wakened.setblocking(False)
        self._wake.setblocking(False)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._wake.fileno(), warn_on_full_buffer=False)
        self._selector.register(self._channel, selectors.EVENT_READ, self._read_channel)
        self._selector.register(self._wakened, selectors.EVENT_READ, self._reap)

    def run(self, preloaded: Preloaded) -> NoReturn:
        """Serve the runtime until it closes the channel. Raises InChild in each forked child."""
        head = {"runtime": f"Python {platform.python_version()}", "capabilities": self._capabilities()}
        self._channel.send(FrameType.READY, head | preloaded._asdict())
        while self._channel.is_open:
            self._turn()
        self._end_all()
        os._exit(0)

    def _capabilities(self) -> dict:
        """What workers can have on this machine: found out by launching one of each level."""
        (process, reason), (sandbox, refusal) = (try_level(level, self._premises) for level in LEVELS)
        return {
            "process": {
                "ownUser": process is not None and process["ownUser"],
                "reason": reason if process is None else process["ownUserReason"],
            },
            "sandbox": {"available": sandbox is not None, "reason": refusal},
            "cgroup": self._premises.cgroups.describe(),
        }

    def _turn(self) -> None:
        ending = any(worker.is_ending for worker in self._workers)
        timeout = _POLL_SECONDS if ending else self._sweep_seconds if self._setting_up else None
        if self._spares.due < math.inf:
            until_spare = max(0, self._spares.due - time.monotonic())
            timeout = until_spare if timeout is None else min(timeout, until_spare)
        ready = self._selector.select(timeout)
        for key, _ in ready:
            self._guard(key.data)
        if ending:
            self._guard(self._finish)
        # Not while a launch arrives: its environment would be in it.
        is_free = self._channel.is_open and not self._channel.is_inside_frame
        if not ready and self._spares.have_come_due() and is_free:
            self._guard(self._fork_spare)
        if self._setting_up and time.monotonic() >= self._next_sweep:
            self._next_sweep = time.monotonic() + self._sweep_seconds
            self._guard(self._sweep)

    def _guard(self, react: Callable[[], None]) -> None:
        try:
            react()
        except Exception:
            # One launch may fail; the others go on.
            traceback.print_exc()

    def _read_channel(self) -> None:
        for frame in self._channel.arrived():
            if frame.type is FrameType.LAUNCH:
                self._guard(lambda frame=frame: self._launch(frame))
            elif frame.type is FrameType.TAKEN:
                self._close_pipes(frame.head["launch"])
            elif frame.type is FrameType.END:
                self._end(frame.head["launch"])

    def _launch(self, frame: ControlFrame) -> None:
        try:
            spec = LaunchSpec.of(frame.head)
        except (Refused, KeyError, TypeError) as error:
            wipe(frame.body)
            self._refuse(frame.head["launch"], f"not a launch: {error!r}")
            return
        # Without a `finally`: the fork leaves this by an exception too, and needs all of it.
        try:
            self._untaken[spec.launch] = pipes = Pipes()
            worker = self._spares.worker_for(Launch(spec, frame.body, pipes.workers))
        except (Refused, OSError) as error:
            wipe(frame.body)
            self._refuse(spec.launch, str(error))
            return
        wipe(frame.body)
        pipes.close_workers()
        self._workers.add(worker)
        self._reporting.add(worker)
        self._setting_up[worker] = time.monotonic() + self._set_up_seconds
        self._selector.register(worker, selectors.EVENT_READ, lambda: self._read_report(worker))

    def _fork_spare(self) -> None:
        self._workers.add(self._spares.fork())
        self._premises.cgroups.move_on()

    def _read_report(self, worker: Worker) -> None:
        if worker not in self._reporting:
            return
        level, more = worker.read_report()
        if level is not None:
            self._setting_up.pop(worker, None)
            head = {"launch": worker.launch, "pid": worker.host_pid(), "level": level}
            pipes = self._untaken[worker.launch].told()
            self._channel.send(FrameType.LAUNCHED, head | {"pipes": pipes})
            # Nobody waits any more, so that there is time for what takes long.
            self._premises.cgroups.move_on()
            self._spares.want(worker.spec)
        if not more:
            self._stop_reading(worker)

    def _stop_reading(self, worker: Worker) -> None:
        self._reporting.discard(worker)
        self._selector.unregister(worker)
        worker.close_report()

    def _end(self, launch: int) -> None:
        for worker in self._workers:
            if worker.launch == launch:
                worker.end()

    def _reap(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._wakened.recv(4096)
        with contextlib.suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                for worker in self._workers:
                    worker.reaped(*ended)
        self._finish()

    def _finish(self) -> None:
        for worker in [each for each in self._workers if each.is_ending]:
            self._read_report(worker)
            if not self._has_gone(worker):
                continue
            if worker in self._reporting:
                self._stop_reading(worker)
            self._workers.remove(worker)
            self._setting_up.pop(worker, None)
            if worker.launch is None:
                worker.close_report()
                self._spares.forget(worker)
                continue
            self._spares.want(worker.spec)
            if worker.refusal is None:
                if not worker.has_launched:
                    self._close_pipes(worker.launch)
                self._channel.send(FrameType.ENDED, {"launch": worker.launch, **worker.outcome()._asdict()})
            else:
                self._refuse(worker.launch, worker.refusal)

    def _has_gone(self, worker: Worker) -> bool:
        try:
            return worker.has_gone()
        except OSError:
            # What cannot be cleaned up is said once. The next zygote tries again.
            traceback.print_exc()
            return True

    def _sweep(self) -> None:
        now = time.monotonic()
        for worker in [each for each, until in self._setting_up.items() if until < now]:
            worker.give_up(f"its process was not set up within {self._set_up_seconds} s; it is tried again")

    def _refuse(self, launch: int, reason: str) -> None:
        self._close_pipes(launch)
        self._channel.send(FrameType.REFUSED, {"launch": launch, "reason": reason})

    def _close_pipes(self, launch: int) -> None:
        pipes = self._untaken.pop(launch, None)
        if pipes is not None:
            pipes.close()

    def _end_all(self) -> None:
        for worker in self._workers:
            worker.end()
        limit = time.monotonic() + _LONGEST_END_SECONDS
        while self._workers and time.monotonic() < limit:
            self._turn()
        self._premises.close()


def main(names: list[str], set_up_seconds: float = _SET_UP_SECONDS) -> NoReturn:
    """Be the zygote, and then, in each fork of it, the worker."""
    preloaded = preload(names)
    # Held until the process ends: dropped, its sockets would close descriptors that are others' by then.
    zygote = Zygote(set_up_seconds)
    try:
        zygote.run(preloaded)
    except InChild as leaving:
        go_on = leaving.go_on
    go_on()
