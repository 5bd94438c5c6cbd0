"""Frames of the worker protocol (docs/reference/worker-protocol.md).

A frame is: 4 bytes length of the rest, 1 byte type, 4 bytes length of the head (both lengths unsigned,
big-endian), the head (a JSON object), the body (bytes whose meaning the type gives).
"""

import json
import socket
import struct
from enum import IntEnum
from typing import NamedTuple

import orjson

_LENGTH = struct.Struct(">I")
_TYPE_AND_HEAD_LENGTH = struct.Struct(">BI")

MAX_FRAME_BYTES = 256 * 1024 * 1024


class FrameType(IntEnum):
    """What a frame says. Below 16: from the runtime to the worker; from 16 on: the answers."""

    LOAD = 1
    RESTORE = 2
    INVOKE = 3
    SNAPSHOT = 4
    LOADED = 16
    LOAD_FAILED = 17
    RESTORED = 18
    RESULT = 19
    SNAPSHOTTED = 20


class Frame(NamedTuple):
    """One message."""

    type: FrameType
    head: dict
    body: bytes


class ProtocolError(Exception):
    """The bytes on the descriptor are not frames."""


class FrameStream:
    """Reads and writes whole frames on a stream socket."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def read(self) -> Frame | None:
        """The next frame; None once the runtime has closed its end."""
        prefix = self._read_exactly(_LENGTH.size)
        if prefix is None:
            return None
        (length,) = _LENGTH.unpack(prefix)
        if not _TYPE_AND_HEAD_LENGTH.size <= length <= MAX_FRAME_BYTES:
            raise ProtocolError(f"a frame of {length} bytes")
        rest = self._read_exactly(length)
        if rest is None:
            raise ProtocolError("the connection closed inside a frame")
        kind, head_length = _TYPE_AND_HEAD_LENGTH.unpack_from(rest)
        body_start = _TYPE_AND_HEAD_LENGTH.size + head_length
        if body_start > length:
            raise ProtocolError(f"a head of {head_length} bytes in a shorter frame")
        try:
            head = json.loads(str(rest[_TYPE_AND_HEAD_LENGTH.size : body_start], "utf-8"))
            frame_type = FrameType(kind)
        except ValueError as error:
            raise ProtocolError(f"not a frame: {error}") from None
        if not isinstance(head, dict):
            raise ProtocolError("a head that is not a JSON object")
        return Frame(frame_type, head, bytes(rest[body_start:]))

    def write(self, kind: FrameType, head: dict, *body: bytes) -> None:
        """Write one frame; the parts of the body follow each other."""
        try:
            head_bytes = orjson.dumps(head)
        except TypeError:
            # Text that is not Unicode, such as a file name in an exception's message.
            head_bytes = json.dumps(head, separators=(",", ":")).encode()
        length = _TYPE_AND_HEAD_LENGTH.size + len(head_bytes) + sum(map(len, body))
        prefix = _LENGTH.pack(length) + _TYPE_AND_HEAD_LENGTH.pack(kind, len(head_bytes))
        self._connection.sendall(b"".join((prefix, head_bytes, *body)))

    def _read_exactly(self, count: int) -> memoryview | None:
        buffer = bytearray(count)
        view = memoryview(buffer)
        done = 0
        while done < count:
            received = self._connection.recv_into(view[done:])
            if received == 0:
                if done == 0:
                    return None
                raise ProtocolError("the connection closed inside a frame")
            done += received
        return view
