"""What goes into a script and comes out of it, at the same time: neither side waits for the other."""

import codecs
import contextlib
import os
import selectors
import subprocess
import sys
from collections.abc import Callable
from typing import IO

_CHUNK = 64 * 1024
_MAX_ERRORS = 16 * 1024
# Where the system cannot tell of a process' end: how long to wait between two looks.
_LOOK_SECONDS = 0.05


class Streams:
    """The three streams of a process."""

    def __init__(self, process: subprocess.Popen, given: bytes, limit: int) -> None:
        self._process = process
        self._given = memoryview(given)
        self._limit = limit
        self._output = bytearray()
        self._errors = bytearray()
        self._selector = selectors.DefaultSelector()
        self._log_decoder = codecs.getincrementaldecoder("utf-8")("replace")

    @property
    def output(self) -> bytes:
        """What the script printed."""
        return bytes(self._output)

    @property
    def is_too_large(self) -> bool:
        """Whether it printed more than it may; then not all of it was read."""
        return len(self._output) > self._limit

    @property
    def end_of_errors(self) -> str:
        """The last of what it wrote to its standard error."""
        return self._errors.decode(errors="replace").rstrip()

    def exchange(self, end_rest: Callable[[], None]) -> None:
        """Give and take until the script has ended, or printed too much.

        What it started may keep its streams open, and `end_rest` is to end that: it is not waited for.
        """
        process, selector = self._process, self._selector
        with contextlib.ExitStack() as stack:
            stack.enter_context(selector)
            for stream in (process.stdin, process.stdout, process.stderr):
                os.set_blocking(stream.fileno(), False)
                stack.callback(_close, stream)
            if len(self._given) > 0:
                selector.register(process.stdin, selectors.EVENT_WRITE, self._give)
            else:
                _close(process.stdin)
            selector.register(process.stdout, selectors.EVENT_READ, self._take_output)
            selector.register(process.stderr, selectors.EVENT_READ, self._take_errors)
            if hasattr(os, "pidfd_open"):
                descriptor = os.pidfd_open(process.pid)
                stack.callback(os.close, descriptor)
                selector.register(descriptor, selectors.EVENT_READ, lambda _: None)
            while not self.is_too_large:
                has_ended = _has_ended(process)
                if has_ended:
                    end_rest()
                ready = selector.select(0 if has_ended else self._patience())
                for key, _ in ready:
                    key.data(key.fileobj)
                if has_ended and not any(key.fileobj in (process.stdout, process.stderr) for key, _ in ready):
                    return

    def _patience(self) -> float | None:
        return None if hasattr(os, "pidfd_open") else _LOOK_SECONDS

    def _give(self, stream: IO[bytes]) -> None:
        try:
            sent = os.write(stream.fileno(), self._given[:_CHUNK])
        except BlockingIOError:
            return
        except BrokenPipeError:  # it does not read what it is given
            sent = len(self._given)
        self._given = self._given[sent:]
        if len(self._given) == 0:
            self._selector.unregister(stream)
            _close(stream)

    def _take_output(self, stream: IO[bytes]) -> None:
        self._output += self._read(stream)

    def _take_errors(self, stream: IO[bytes]) -> None:
        """What a script writes there are lines of its log, like those of any function."""
        data = self._read(stream)
        sys.stderr.write(self._log_decoder.decode(data))
        self._errors = (self._errors + data)[-_MAX_ERRORS:]

    def _read(self, stream: IO[bytes]) -> bytes:
        try:
            data = os.read(stream.fileno(), _CHUNK)
        except BlockingIOError:
            return b""
        if not data:
            self._selector.unregister(stream)
        return data


def _has_ended(process: subprocess.Popen) -> bool:
    if not hasattr(os, "waitid"):
        return process.poll() is not None
    # Not waited for yet: as long as it is not, its number is nobody else's.
    options = os.WEXITED | os.WNOHANG | os.WNOWAIT
    return process.returncode is not None or os.waitid(os.P_PID, process.pid, options) is not None


def _close(stream: IO[bytes]) -> None:
    with contextlib.suppress(OSError):
        stream.close()
