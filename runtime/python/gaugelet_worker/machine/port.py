"""A port of a virtual machine: a device that is read and written like a stream socket."""

import os
import select
import socket
import stat
import struct

_TIMEVAL = struct.Struct("@ll")
# What the device takes at a time.
_MOST_BYTES = 32 * 1024


class Port:
    """As much of a stream socket as frames need."""

    # One more system call for each event would take longer than it saves.
    needs_no_poll = True
    # The device gives no more at a time.
    page_bytes = 4096

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._timeout: float | None = None

    def fileno(self) -> int:
        """Its descriptor."""
        return self._descriptor

    def setblocking(self, flag: bool) -> None:
        """Wait for bytes, or raise BlockingIOError where there are none."""
        os.set_blocking(self._descriptor, flag)

    def setsockopt(self, _level: int, _option: int, value: bytes) -> None:
        """The one option that is asked for: how long receiving waits."""
        seconds, microseconds = _TIMEVAL.unpack(value)
        self._timeout = seconds + microseconds / 1_000_000 or None

    def recv(self, size: int) -> bytes:
        """What there is; nothing once the runtime has closed its end. BlockingIOError at the timeout."""
        if self._timeout is not None and not select.select([self._descriptor], [], [], self._timeout)[0]:
            raise BlockingIOError
        return os.read(self._descriptor, size)

    def recv_into(self, buffer: memoryview, _size: int = 0, flags: int = 0) -> int:
        """The same, into a buffer."""
        if flags & socket.MSG_DONTWAIT and not select.select([self._descriptor], [], [], 0)[0]:
            raise BlockingIOError
        return os.readv(self._descriptor, [buffer])

    def sendall(self, data: bytes) -> None:
        """Write all of it."""
        if len(data) <= _MOST_BYTES:
            sent = os.write(self._descriptor, data)
            if sent == len(data):
                return
            data = data[sent:]
        view = memoryview(data)
        while view:
            view = view[os.write(self._descriptor, view[:_MOST_BYTES]) :]


def connection_of(descriptor: int) -> "socket.socket | Port":
    """The connection behind a descriptor: a socket, or inside a virtual machine a port."""
    if stat.S_ISCHR(os.fstat(descriptor).st_mode):
        return Port(descriptor)
    return socket.socket(fileno=descriptor)
