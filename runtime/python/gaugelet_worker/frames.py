"""Frames of the worker protocol (docs/reference/worker-protocol.md).

A frame is: 4 bytes length of the rest, 1 byte type, 4 bytes length of the head (both lengths unsigned,
big-endian), the head (a JSON object; none is an empty one), the body (bytes whose meaning the type gives).
"""

import json
import os
import select
import struct
from collections.abc import Callable, Iterator
from enum import IntEnum
from typing import Any, NamedTuple

import orjson

_START = struct.Struct(">IBI")
_START_BYTES = _START.size
_unpack_start = _START.unpack_from
_LENGTH_BYTES = 4
_MIN_LENGTH = _START_BYTES - _LENGTH_BYTES
_NO_HEAD: dict = {}

MAX_FRAME_BYTES = 256 * 1024 * 1024
# As much as many events, and less than what the allocator maps anew each time.
CHUNK_BYTES = 64 * 1024

_INVOKE_NUMBERS = struct.Struct(">IIdB")
INVOKE_NUMBERS_BYTES = _INVOKE_NUMBERS.size
# Of the body of an `invoke`: id, number of the shard, time of the last execution in Unix milliseconds or NaN,
# and what is to be known before the event is read: `LONG_INTEGER`, `LIST` or both.
invoke_numbers = _INVOKE_NUMBERS.unpack_from
# The event may hold an integer beyond 64 bits.
LONG_INTEGER = 1
# The event is a list of events.
LIST = 2

_RESULT_NUMBERS = struct.Struct(">IIddd")
_PLAIN_RESULT = struct.Struct(">IBIIIddd")
_PLAIN_RESULT_LENGTH = _PLAIN_RESULT.size - _LENGTH_BYTES
_plain_result = _PLAIN_RESULT.pack


class FrameType(IntEnum):
    """What a frame says.

    Below 16: from the runtime to a worker; from 16 on: from the worker; from 32 on: between the runtime and
    the zygote, or the first program of a virtual machine.
    """

    LOAD = 1
    RESTORE = 2
    INVOKE = 3
    SNAPSHOT = 4
    LOADED = 16
    LOAD_FAILED = 17
    RESTORED = 18
    RESULT = 19
    SNAPSHOTTED = 20
    SAVED = 21
    LAUNCH = 32
    LAUNCHED = 33
    REFUSED = 34
    ENDED = 35
    END = 36
    READY = 37
    FILE = 38
    TICK = 39
    USAGE = 40
    TAKEN = 41


_RESULT = int(FrameType.RESULT)
_INVOKE = int(FrameType.INVOKE)


class Frame(NamedTuple):
    """One message."""

    type: int
    head: dict
    body: bytes


class ProtocolError(Exception):
    """The bytes on the descriptor are not frames."""


class FrameStream:
    """Reads whole frames from one descriptor and writes them to another, many in one system call.

    What is behind them blocks: pipes, sockets, or the port of a virtual machine.
    """

    def __init__(self, reading: int, writing: int, chunk_bytes: int = CHUNK_BYTES) -> None:
        self._reading = reading
        self._writing = writing
        # As much is received at once, at most.
        self.chunk_bytes = chunk_bytes
        # What was received last; where its next frame begins.
        self.bytes = b""
        self._start = 0
        # Of the frame that has begun to come; 0 where none has.
        self._needed = 0
        self._unsent: list[bytes] = []

    def frames(
        self, before_waiting: Callable[[], float], when_idle: Callable[[], None]
    ) -> Iterator[tuple[int, Any, int, int]]:
        """The frames as they come, until the runtime closes its end.

        Gives of each its type, its head, and where in `bytes` its body begins and stops. The head of an
        `invoke` is given as its bytes: most handlers do not ask for what is in it. When none is left whole,
        `before_waiting` is asked for how many seconds it may take until more comes: then `when_idle` is
        called. 0: however long.
        """
        while True:
            buffer, start, size = self.bytes, self._start, len(self.bytes)
            while (body_start := start + _START_BYTES) <= size:
                length, kind, head_length = _unpack_start(buffer, start)
                stop = start + _LENGTH_BYTES + length
                if stop > size or length < _MIN_LENGTH:
                    _check_length(length)
                    self._needed = stop - start
                    break
                head = _NO_HEAD
                if head_length:
                    head_start, body_start = body_start, body_start + head_length
                    if body_start > stop:
                        raise ProtocolError(f"a head of {head_length} bytes in a shorter frame")
                    head = buffer[head_start:body_start]
                    if kind != _INVOKE:
                        head = decode_head(head)
                self._start = start = stop
                yield kind, head, body_start, stop
            else:
                if start + _LENGTH_BYTES <= size:
                    _check_length(int.from_bytes(buffer[start : start + _LENGTH_BYTES]))
                self._needed = _START_BYTES
            while (has_more := self.receive(before_waiting())) is None:
                when_idle()
            if not has_more:
                return

    def receive(self, within: float = 0) -> bool | None:
        """Wait for more and take what there is.

        False once the runtime has closed its end; None where nothing came within these seconds, if any.
        """
        if within and not select.select([self._reading], [], [], within)[0]:
            return None
        left = self.bytes[self._start :]
        if left and (missing := self._needed - len(left)) > CHUNK_BYTES:
            self.bytes, self._start = left + self._receive_all(missing), 0
            return True
        chunk = os.read(self._reading, self.chunk_bytes)
        self.bytes, self._start = left + chunk if left else chunk, 0
        if not chunk and left:
            raise ProtocolError("the connection closed inside a frame")
        return bool(chunk)

    def read(self) -> Frame | None:
        """Wait for the next frame; None once the runtime has closed its end."""
        for kind, head, start, stop in self.frames(lambda: 0, lambda: None):
            return Frame(kind, decode_head(head) if head.__class__ is bytes else head, self.bytes[start:stop])
        return None

    def put(self, kind: int, head: dict, *body: bytes) -> None:
        """Write one frame with the next `flush`; the parts of the body follow each other."""
        head_bytes = encode_head(head)
        length = _MIN_LENGTH + len(head_bytes) + sum(map(len, body))
        self._unsent += (_START.pack(length, kind, len(head_bytes)), head_bytes, *body)

    def write(self, kind: int, head: dict, *body: bytes) -> None:
        """Write one frame now."""
        self.put(kind, head, *body)
        self.flush()

    def send(self, frames: bytes) -> None:
        """Write frames that are encoded already now, after what was put."""
        if self._unsent:
            self._unsent.append(frames)
            self.flush()
        else:
            self._send(frames)

    def flush(self) -> None:
        """Send what was put."""
        if self._unsent:
            unsent, self._unsent = self._unsent, []
            self._send(unsent[0] if len(unsent) == 1 else b"".join(unsent))

    def _send(self, data: bytes) -> None:
        sent = os.write(self._writing, data)
        if sent < len(data):
            view = memoryview(data)
            while sent < len(data):
                sent += os.write(self._writing, view[sent:])

    def _receive_all(self, count: int) -> bytearray:
        buffer = bytearray(count)
        view = memoryview(buffer)
        done = 0
        while done < count:
            received = os.readv(self._reading, [view[done:]])
            if received == 0:
                raise ProtocolError("the connection closed inside a frame")
            done += received
        return buffer


def _check_length(length: int) -> None:
    if not _MIN_LENGTH <= length <= MAX_FRAME_BYTES:
        raise ProtocolError(f"a frame of {length} bytes")


def encode_results(
    results: list[tuple[int, int, float, dict, bytes]], cpu_seconds: float, memory: float
) -> bytes:
    """The bytes of `result` frames.

    Takes of each call its id, outcome, seconds, head and output. The processor time of all is shared out by
    how long each took.
    """
    if len(results) == 1:
        id, outcome, seconds, head, output = results[0]
        if not head:
            length = _PLAIN_RESULT_LENGTH + len(output)
            return _plain_result(length, _RESULT, 0, id, outcome, seconds, cpu_seconds, memory) + output
        share = cpu_seconds / (seconds or 1.0)
    else:
        share = cpu_seconds / (sum([result[2] for result in results]) or 1.0)
    parts: list[bytes] = []
    put = parts.append
    for id, outcome, seconds, head, output in results:
        length = _PLAIN_RESULT_LENGTH + len(output)
        if not head:
            put(_plain_result(length, _RESULT, 0, id, outcome, seconds, seconds * share, memory))
        else:
            head_bytes = encode_head(head)
            put(_START.pack(length + len(head_bytes), _RESULT, len(head_bytes)))
            put(head_bytes)
            put(_RESULT_NUMBERS.pack(id, outcome, seconds, seconds * share, memory))
        put(output)
    return b"".join(parts)


def decode_head(head_bytes: bytes | bytearray) -> dict:
    """The JSON object of a head."""
    try:
        head = _parse(head_bytes)
    except ValueError as error:
        raise ProtocolError(f"a head that is not JSON: {error}") from None
    if not isinstance(head, dict):
        raise ProtocolError("a head that is not a JSON object")
    return head


def _parse(head_bytes: bytes | bytearray) -> Any:
    try:
        return orjson.loads(head_bytes)
    except ValueError:
        # Text that is not Unicode.
        return json.loads(head_bytes)


def encode_head(head: dict) -> bytes:
    """A head as it travels: an empty one as nothing."""
    if not head:
        return b""
    try:
        return orjson.dumps(head)
    except TypeError:
        # Text that is not Unicode, such as a file name in an exception's message.
        return json.dumps(head, separators=(",", ":")).encode()
