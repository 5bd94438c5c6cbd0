"""The first program of a virtual machine: it makes the machine ready for one worker, and watches that.

Until the machine's memory is saved it prepares: modules are imported, and the worker is forked and has
rehearsed. A machine that is restored from that memory is told who it is, and what it runs, by one `launch`
over the port `control`. The runtime ends the machine, not the other way round: there is nothing to clean up.
"""

import contextlib
import dataclasses
import os
import selectors
import signal
import socket
import traceback
from typing import NoReturn

from gaugelet_worker.control import ControlChannel, ControlFrame, wipe
from gaugelet_worker.frames import FrameType
from gaugelet_worker.holding import Holding, Premises
from gaugelet_worker.isolation.seccomp import Filters
from gaugelet_worker.launch import InChild
from gaugelet_worker.machine import files, system
from gaugelet_worker.machine.port import Port
from gaugelet_worker.machine.resident import be_resident, port_named, tell
from gaugelet_worker.preload import preload
from gaugelet_worker.report import Report
from gaugelet_worker.specification import LaunchSpec
from gaugelet_worker.worker import Worker

_POLL_SECONDS = 0.005
_NOBODY = LaunchSpec(launch=0, directory="/", isolation="process")


class Guest:
    """Hosts one worker."""

    def __init__(self) -> None:
        self._channel = ControlChannel(Port(port_named("control")))
        self._premises = Premises()
        self._filters = Filters()
        self._wakened, self._wake = socket.socketpair()
        self._wakened.setblocking(False)
        self._wake.setblocking(False)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._wake.fileno(), warn_on_full_buffer=False)
        self._holding: Holding = self._premises.hold(_NOBODY)
        self._worker, self._line = self._fork()
        self._premises.cgroups.move_on()
        self._has_told = False
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._channel, selectors.EVENT_READ, self._read_channel)
        self._selector.register(self._wakened, selectors.EVENT_READ, self._reap)
        self._selector.register(self._worker, selectors.EVENT_READ, self._read_report)

    def run(self, preloaded: list[str], missing: list[str]) -> NoReturn:
        """Serve the runtime for good."""
        self._worker.wait_until_ready()
        self._channel.send(FrameType.READY, {"preloaded": preloaded, "missing": missing})
        while True:
            is_ending = self._worker.is_ending and not self._has_told
            for key, _ in self._selector.select(_POLL_SECONDS if is_ending else None):
                try:
                    key.data()
                except Exception:
                    traceback.print_exc()
            if not self._channel.is_open:
                # Nobody is there any more, or nobody who makes sense. The kernel ends the machine then.
                os._exit(1)
            if is_ending:
                self._finish()

    def _fork(self) -> tuple[Worker, int]:
        far_end, line = os.pipe()
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            place = dataclasses.replace(self._holding.place, filters=self._filters)
            raise InChild(lambda: be_resident(far_end, Report(writing), place))
        os.close(far_end)
        os.close(writing)
        os.set_blocking(reading, False)
        return Worker(_NOBODY, self._holding, pid, reading), line

    def _read_channel(self) -> None:
        for frame in self._channel.arrived():
            if frame.type is FrameType.FILE:
                files.take(frame.head, frame.body)
            elif frame.type is FrameType.LAUNCH:
                self._launch(frame)
            elif frame.type is FrameType.TICK:
                system.set_clock(frame.head["time"])
                self._channel.send(FrameType.USAGE, system.usage())

    def _launch(self, frame: ControlFrame) -> None:
        try:
            machine = frame.head["machine"]
            system.stir(bytes.fromhex(machine["seed"]))
            system.set_clock(machine["time"])
            system.set_name(machine["name"])
            spec = LaunchSpec.of(frame.head)
            files.make_folder(spec.directory)
            system.limit_scratch(spec.limits.disk)
            self._holding.limit_group(spec.limits, scratch_is_memory=True)
            self._worker.spec = spec
            tell(self._line, frame.head, frame.body)
        except Exception as error:
            self._refuse(f"the machine could not be made ready: {error!r}")
        finally:
            wipe(frame.body)

    def _read_report(self) -> None:
        level, more = self._worker.read_report()
        if level is not None:
            head = {"launch": self._worker.launch, "pid": self._worker.pid, "level": level}
            self._channel.send(FrameType.LAUNCHED, head)
        if not more:
            self._selector.unregister(self._worker)

    def _reap(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._wakened.recv(4096)
        with contextlib.suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                self._worker.reaped(*ended)
        if self._worker.is_ending:
            self._finish()

    def _finish(self) -> None:
        """Tell how the worker ended, once nothing of it is left that could still write."""
        if self._has_told:
            return
        self._worker.read_report()
        if not self._worker.has_gone():
            return
        self._has_told = True
        if self._worker.refusal is None:
            head = {"launch": self._worker.launch, **self._worker.outcome()._asdict()}
            self._channel.send(FrameType.ENDED, head)
        else:
            self._refuse(self._worker.refusal)

    def _refuse(self, reason: str) -> None:
        self._has_told = True
        self._channel.send(FrameType.REFUSED, {"launch": self._worker.launch, "reason": reason})


def main(names: list[str]) -> NoReturn:
    """Be the machine's first program, and then, in the fork, its worker."""
    system.lay_out()
    preloaded = preload(names)
    try:
        guest = Guest()
        guest.run(*preloaded)
    except InChild as leaving:
        go_on = leaving.go_on
    go_on()
