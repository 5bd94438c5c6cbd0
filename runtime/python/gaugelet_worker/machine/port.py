"""A port of a virtual machine: a device that is read and written like a stream socket."""

import os
import select
import socket
import stat

from gaugelet_worker.frames import CHUNK_BYTES

# The device gives no more at a time.
PAGE_BYTES = 4096


class Port:
    """As much of a stream socket as the control channel needs."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def fileno(self) -> int:
        """Its descriptor."""
        return self._descriptor

    def recv_into(self, buffer: memoryview, _size: int = 0, flags: int = 0) -> int:
        """What there is; nothing once the runtime has closed its end. BlockingIOError instead of waiting."""
        if flags & socket.MSG_DONTWAIT and not select.select([self._descriptor], [], [], 0)[0]:
            raise BlockingIOError
        return os.readv(self._descriptor, [buffer])

    def sendall(self, data: bytes) -> None:
        """Write all of it."""
        view = memoryview(data)
        while view:
            view = view[os.write(self._descriptor, view) :]


def chunk_bytes_of(descriptor: int) -> int:
    """How much is to be read at a time from a pipe or a socket, or inside a virtual machine from a port."""
    return PAGE_BYTES if stat.S_ISCHR(os.fstat(descriptor).st_mode) else CHUNK_BYTES
