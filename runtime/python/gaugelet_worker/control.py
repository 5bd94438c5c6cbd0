"""Frames between the runtime and the zygote. Their layout is that of the worker's frames.

The body of a launch is the function's environment, as JSON. It may hold secrets, and whatever is in the
zygote's memory is in the memory of all workers forked later: so the zygote reads it into a buffer of its
own, never looks at it, and wipes it when the worker has its copy.
"""

import socket
import struct
from collections.abc import Iterator
from typing import NamedTuple

from gaugelet_worker.frames import FrameType, ProtocolError, decode_head, encode_head

_LENGTH = struct.Struct(">I")
_TYPE_AND_HEAD_LENGTH = struct.Struct(">BI")
# An environment is at most what the kernel takes for a program: 6 MB.
_MAX_FRAME_BYTES = 16 * 1024 * 1024


class ControlFrame(NamedTuple):
    """One message."""

    type: FrameType
    head: dict
    body: bytearray


class ControlError(ValueError):
    """The bytes on the channel are not frames of it."""


class ControlChannel:
    """The zygote's end."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._expect(bytearray(_LENGTH.size), is_prefix=True)
        self.is_open = True

    def fileno(self) -> int:
        return self._connection.fileno()

    @property
    def is_inside_frame(self) -> bool:
        """Whether a frame has begun to come: it may be a launch."""
        return self._filled > 0 or not self._is_prefix

    def arrived(self) -> Iterator[ControlFrame]:
        """The frames that have come whole, without waiting for more."""
        while self.is_open:
            try:
                count = self._connection.recv_into(
                    memoryview(self._buffer)[self._filled :], 0, socket.MSG_DONTWAIT
                )
            except BlockingIOError:
                return
            except ConnectionResetError:
                count = 0
            if count == 0:
                self.is_open = False
                return
            self._filled += count
            if self._filled == len(self._buffer):
                try:
                    frame = self._complete()
                except (ValueError, ProtocolError):
                    self.is_open = False
                    raise
                if frame is not None:
                    yield frame

    def send(self, kind: FrameType, head: dict) -> None:
        """Tell the runtime. What it can no longer hear is dropped."""
        data = encode_head(head)
        start = _TYPE_AND_HEAD_LENGTH.pack(kind, len(data))
        try:
            self._connection.sendall(_LENGTH.pack(len(start) + len(data)) + start + data)
        except (BrokenPipeError, ConnectionResetError):
            self.is_open = False

    def _complete(self) -> ControlFrame | None:
        buffer = self._buffer
        if self._is_prefix:
            (length,) = _LENGTH.unpack(buffer)
            if not _TYPE_AND_HEAD_LENGTH.size <= length <= _MAX_FRAME_BYTES:
                raise ControlError(f"a frame of {length} bytes")
            self._expect(bytearray(length), is_prefix=False)
            return None
        self._expect(bytearray(_LENGTH.size), is_prefix=True)
        kind, head_length = _TYPE_AND_HEAD_LENGTH.unpack_from(buffer)
        start = _TYPE_AND_HEAD_LENGTH.size
        head = decode_head(bytes(memoryview(buffer)[start : start + head_length]) or b"{}")
        body = bytearray(memoryview(buffer)[start + head_length :])
        wipe(buffer)
        return ControlFrame(FrameType(kind), head, body)

    def _expect(self, buffer: bytearray, *, is_prefix: bool) -> None:
        self._buffer, self._filled, self._is_prefix = buffer, 0, is_prefix


def wipe(buffer: bytearray) -> None:
    """Leave nothing of what a buffer held."""
    buffer[:] = bytes(len(buffer))
