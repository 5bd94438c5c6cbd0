"""Frames of the worker protocol (docs/reference/worker-protocol.md).

A frame is: 4 bytes length of the rest, 1 byte type, 4 bytes length of the head (both lengths unsigned,
big-endian), the head (a JSON object; none is an empty one), the body (bytes whose meaning the type gives).
"""

import json
import select
import socket
import struct
from collections.abc import Iterator
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
_CHUNK_BYTES = 192 * 1024

_INVOKE = struct.Struct(">IId")
INVOKE_NUMBERS_BYTES = _INVOKE.size
# Of the body of an `invoke`: id, number of the shard, time of the last execution in Unix milliseconds or NaN.
invoke_numbers = _INVOKE.unpack_from

_RESULT_NUMBERS = struct.Struct(">IIddd")
_PLAIN_RESULT = struct.Struct(">IBIIIddd")
_PLAIN_RESULT_LENGTH = _PLAIN_RESULT.size - _LENGTH_BYTES


class FrameType(IntEnum):
    """What a frame says.

    Below 16: from the runtime to a worker; from 16 on: from the worker; from 32 on: between the runtime and
    the zygote.
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


class Frame(NamedTuple):
    """One message."""

    type: int
    head: dict
    body: bytes


class ProtocolError(Exception):
    """The bytes on the descriptor are not frames."""


class FrameStream:
    """Reads and writes whole frames on a stream socket, many in one system call where there are many."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._buffer = b""
        self._start = 0
        # Of the frame that has begun to come; 0 where none has.
        self._needed = 0
        self._last_head_bytes = b""
        self._last_head: dict = _NO_HEAD
        self._unsent: list[bytes] = []

    def received(self) -> Iterator[tuple[int, dict, bytes]]:
        """The frames that have been received whole, as the parts of a Frame: that is made faster."""
        buffer, start, size = self._buffer, self._start, len(self._buffer)
        while (body_start := start + _START_BYTES) <= size:
            length, kind, head_length = _unpack_start(buffer, start)
            stop = start + _LENGTH_BYTES + length
            if stop > size or length < _MIN_LENGTH:
                _check_length(length)
                self._needed = stop - start
                return
            head = _NO_HEAD
            if head_length:
                head_start, body_start = body_start, body_start + head_length
                if body_start > stop:
                    raise ProtocolError(f"a head of {head_length} bytes in a shorter frame")
                head = self._head(buffer[head_start:body_start])
            self._start = start = stop
            yield kind, head, buffer[body_start:stop]
        if start + _LENGTH_BYTES <= size:
            _check_length(int.from_bytes(buffer[start : start + _LENGTH_BYTES]))
        self._needed = _START_BYTES

    def receive(self) -> bool:
        """Wait for more and take what there is. False once the runtime has closed its end."""
        left = self._buffer[self._start :]
        self._start = 0
        missing = self._needed - len(left)
        if missing > _CHUNK_BYTES:
            self._buffer = left + self._receive_all(missing)
            return True
        chunk = self._connection.recv(_CHUNK_BYTES)
        self._buffer = left + chunk if left else chunk
        if not chunk and left:
            raise ProtocolError("the connection closed inside a frame")
        return bool(chunk)

    def read(self) -> Frame | None:
        """Wait for the next frame; None once the runtime has closed its end."""
        while True:
            for frame in self.received():
                return Frame(*frame)
            if not self.receive():
                return None

    def wait(self, seconds: float) -> bool:
        """Wait until there is something to receive; False where nothing came."""
        return bool(select.select([self._connection], [], [], seconds)[0])

    def put(self, kind: int, head: dict, *body: bytes) -> None:
        """Write one frame with the next `flush`; the parts of the body follow each other."""
        head_bytes = encode_head(head)
        length = _MIN_LENGTH + len(head_bytes) + sum(map(len, body))
        self._unsent += (_START.pack(length, kind, len(head_bytes)), head_bytes, *body)

    def write(self, kind: int, head: dict, *body: bytes) -> None:
        """Write one frame now."""
        self.put(kind, head, *body)
        self.flush()

    def put_bytes(self, frames: list[bytes]) -> None:
        """Write frames that are encoded already with the next `flush`."""
        self._unsent += frames

    def flush(self) -> None:
        """Send what was put."""
        if self._unsent:
            unsent, self._unsent = self._unsent, []
            self._connection.sendall(b"".join(unsent))

    def _head(self, head_bytes: bytes) -> dict:
        # Events in a row mostly have the same head.
        if head_bytes != self._last_head_bytes:
            self._last_head = _decode_head(head_bytes)
            self._last_head_bytes = head_bytes
        return self._last_head

    def _receive_all(self, count: int) -> bytearray:
        buffer = bytearray(count)
        view = memoryview(buffer)
        done = 0
        while done < count:
            received = self._connection.recv_into(view[done:])
            if received == 0:
                raise ProtocolError("the connection closed inside a frame")
            done += received
        return buffer


def _check_length(length: int) -> None:
    if not _MIN_LENGTH <= length <= MAX_FRAME_BYTES:
        raise ProtocolError(f"a frame of {length} bytes")


def encode_result(
    id: int, outcome: int, seconds: float, cpu_seconds: float, memory: float, head: dict, output: bytes
) -> tuple[bytes, ...]:
    """The bytes of a `result` frame, in parts."""
    if not head:
        length = _PLAIN_RESULT_LENGTH + len(output)
        start = _PLAIN_RESULT.pack(length, 19, 0, id, outcome, seconds, cpu_seconds, memory)
        return start, output
    head_bytes = encode_head(head)
    length = _PLAIN_RESULT_LENGTH + len(head_bytes) + len(output)
    numbers = _RESULT_NUMBERS.pack(id, outcome, seconds, cpu_seconds, memory)
    return _START.pack(length, 19, len(head_bytes)), head_bytes, numbers, output


def _decode_head(head_bytes: bytes) -> dict:
    try:
        head = _parse(head_bytes)
    except ValueError as error:
        raise ProtocolError(f"a head that is not JSON: {error}") from None
    if not isinstance(head, dict):
        raise ProtocolError("a head that is not a JSON object")
    return head


def _parse(head_bytes: bytes) -> Any:
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
