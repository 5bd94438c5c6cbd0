"""What a freshly forked process does to become a worker."""

import contextlib
import os
import random
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable
from typing import NamedTuple, NoReturn, TextIO

from gaugelet_worker import serving
from gaugelet_worker.control import wipe
from gaugelet_worker.isolation import linux, process_level, sandbox_level
from gaugelet_worker.isolation.place import Place
from gaugelet_worker.isolation.refused import Refused
from gaugelet_worker.report import Report
from gaugelet_worker.specification import LaunchSpec, parse_environment
from gaugelet_worker.streams import Descriptor

FIRST_FREE_DESCRIPTOR = max(Descriptor) + 1
_NO_SUCH_PROGRAM = 127
# The kernel ends workers before anything else of the machine when memory runs out.
_OUT_OF_MEMORY_SCORE = 800
# Of numpy's own generator, the Mersenne twister.
_STATE_WORDS = 624
_SIGNALS = sorted(signal.valid_signals())
# Ctrl-C in the terminal of `npm start` is for the runtime, which then ends its workers in order. The others
# Python ignores in all its processes.
_IGNORED = (signal.SIGINT, signal.SIGPIPE, signal.SIGXFSZ)


class Launch(NamedTuple):
    """A worker that the runtime wants."""

    spec: LaunchSpec
    environment: bytearray
    """As it came, to be wiped by everybody who had it."""
    streams: dict[Descriptor, int]
    """The worker's ends of its pipes, by what they become."""


class Child(NamedTuple):
    """What the fork of the zygote needs to become a worker."""

    launch: Launch
    report: Report
    place: Place
    is_trial: bool = False
    """Only to see whether the level can be had."""
    is_prepared: bool = False
    """It was forked ahead: `prepare` is done."""
    first: socket.socket | None = None
    """To the first process of its sandbox, where it was forked ahead."""
    is_resident: bool = False
    """It is a virtual machine's: its streams are in place and its rights given up as well."""


class InChild(BaseException):
    """Leaves the zygote's loop in a fork, so that nothing of it is below the worker's own calls."""

    def __init__(self, go_on: Callable[[], NoReturn]) -> None:
        """`go_on` is what the fork does then."""
        super().__init__()
        self.go_on = go_on


def run_child(child: Child) -> NoReturn:
    """Become the worker: containment first, then the function."""
    report = child.report
    try:
        (spec, body, streams), place = child.launch, child.place
        is_sandbox = spec.isolation == "sandbox"
        first = child.first
        if is_sandbox and first is None:
            first = sandbox_level.split(place, report)
        environment = parse_environment(body)
        wipe(body)
        if not child.is_resident:
            place_descriptors(streams, report.descriptor, *([first.fileno()] if is_sandbox else []))
        if not child.is_prepared:
            prepare(spec.isolation)
        if is_sandbox:
            level = sandbox_level.contain(spec, place, environment, first)
        elif child.is_resident:
            level = process_level.apply_launch(spec, place, environment)
        else:
            level = process_level.contain(spec, place, environment)
        _take_environment(environment)
        report.say(level=level)
        report.close()
    except BaseException as error:
        with contextlib.suppress(OSError):
            report.say(refused=str(error) if isinstance(error, (Refused, OSError)) else repr(error))
        os._exit(1)
    if child.is_trial:
        os._exit(0)
    _run(child, environment)


def place_descriptors(streams: dict[Descriptor, int], *kept: int) -> None:
    """0 is /dev/null, 1 to 5 are the streams, and nothing else stays open but those that are kept.

    The zygote's own descriptors have all of these numbers, so that the streams cannot.
    """
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    for target, stream in streams.items():
        os.dup2(stream, target)
    linux.close_all_but(*kept, first=FIRST_FREE_DESCRIPTOR)


def prepare(isolation: str) -> None:
    """All that takes nothing but the level."""
    _stand_alone()
    if isolation == "process":
        process_level.prepare()
    reseed()


def _stand_alone() -> None:
    """A session and group of its own, ending with its parent; signals as in a new process."""
    with contextlib.suppress(PermissionError):  # who was spawned may have its own already
        os.setsid()
    linux.die_with_parent()
    signal.set_wakeup_fd(-1)
    for number in _SIGNALS:
        if callable(signal.getsignal(number)):
            signal.signal(number, signal.SIG_DFL)
    for number in _IGNORED:
        signal.signal(number, signal.SIG_IGN)
    if linux.IS_LINUX:
        with open("/proc/self/oom_score_adj", "w") as file:
            file.write(str(_OUT_OF_MEMORY_SCORE))


def _take_environment(environment: dict[str, str]) -> None:
    zone = os.environ.get("TZ")
    os.environ.clear()
    os.environ.update(environment)
    if environment.get("TZ") != zone:
        time.tzset()
    # Found out anew, from the variables that are there now.
    tempfile.tempdir = None


def _run(child: Child, environment: dict[str, str]) -> NoReturn:
    program = child.launch.spec.program
    if program is not None:
        # A file that grows too large stays an error of the write, and no end of the program.
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        try:
            os.execvpe(program[0], program, environment)
        except OSError as error:
            os.write(2, f"{program[0]} cannot be started: {error.strerror}\n".encode())
            os._exit(_NO_SUCH_PROGRAM)
    sys.argv[1:] = []
    if not child.is_resident:
        open_standard_streams()
    serving.serve()
    os._exit(0)


def open_standard_streams() -> None:
    """Anew: the zygote's may have been files, which are written in another way than pipes."""
    sys.stdin = sys.__stdin__ = _stream(0, "r")
    sys.stdout = sys.__stdout__ = _stream(1, "w")
    sys.stderr = sys.__stderr__ = _stream(2, "w")


def _stream(descriptor: int, mode: str) -> TextIO:
    return open(descriptor, mode, 1, "utf-8", "backslashreplace", closefd=False)


def reseed() -> None:
    """No two forks draw the same random numbers."""
    random.seed()
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        # A whole state: to have one made of a seed writes to twice as many pages.
        words = numpy.frombuffer(os.urandom(4 * _STATE_WORDS), numpy.uint32)
        numpy.random.set_state(("MT19937", words, _STATE_WORDS))
