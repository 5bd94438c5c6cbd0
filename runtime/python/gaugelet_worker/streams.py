"""The connections that become a worker's descriptors.

Before it asks for a worker the runtime opens four connections. The first eight bytes of each say which
launch it belongs to and which descriptor it becomes.
"""

import os
import secrets
import socket
import struct
from collections.abc import Iterator
from typing import NamedTuple

DESCRIPTORS = frozenset({1, 2, 3, 4})
_LABEL = struct.Struct(">II")
_CREDENTIALS = struct.Struct("3i")
_BACKLOG = 1024


class Stream(NamedTuple):
    """A connection that has said what it is for."""

    launch: int
    descriptor: int
    connection: socket.socket


class StreamListener:
    """Accepts connections from this process's parent, and from nobody else."""

    def __init__(self) -> None:
        # An abstract name leaves no file behind.
        self.name = f"\0gaugelet-zygote-{secrets.token_hex(16)}"
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(self.name)
        self._socket.listen(_BACKLOG)
        self._socket.setblocking(False)

    def fileno(self) -> int:
        return self._socket.fileno()

    def accepted(self) -> "Iterator[UnlabelledStream]":
        """The connections that wait to be accepted."""
        while True:
            try:
                connection, _ = self._socket.accept()
            except BlockingIOError:
                return
            if _peer(connection) == os.getppid():
                yield UnlabelledStream(connection)
            else:
                connection.close()


class UnlabelledStream:
    """A connection that has not yet said what it is for."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        connection.setblocking(False)
        self._label = b""

    def fileno(self) -> int:
        return self.connection.fileno()

    def read_label(self) -> Stream | None:
        """What it is for, once it has said so. Raises ConnectionError where it never will."""
        try:
            data = self.connection.recv(_LABEL.size - len(self._label))
        except BlockingIOError:
            return None
        if not data:
            raise ConnectionError("a stream was closed before it said what it is for")
        self._label += data
        if len(self._label) < _LABEL.size:
            return None
        launch, descriptor = _LABEL.unpack(self._label)
        if descriptor not in DESCRIPTORS:
            raise ConnectionError(f"a stream for descriptor {descriptor}")
        self.connection.setblocking(True)
        return Stream(launch, descriptor, self.connection)


def _peer(connection: socket.socket) -> int:
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    return _CREDENTIALS.unpack(credentials)[0]
