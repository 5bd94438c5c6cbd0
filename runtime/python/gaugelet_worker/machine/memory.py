"""Memory of virtual machines on the runtime's machine, in a file without a name.

`memory create BYTES` makes one for a machine that boots; `memory load PATH` fills one from a saved machine.
It says where the file is: `{"descriptor": 5}`. Who may look into this process opens it through
/proc. Then it does what it reads, line by line: `save PATH` writes what is not zero; `seal` takes away that
anybody can write to it, so that a machine whose wall has fallen cannot change what others begin with. Each
is answered by a line of JSON, with `problem` where it failed.

A saved memory is: the size of the whole, of each piece its place and length, all as 64-bit big-endian
numbers, and its bytes; a piece of length 0; and a SHA-256 of all that was before.
"""

import fcntl
import hashlib
import json
import os
import struct
import sys
import time
from collections.abc import Iterator
from typing import BinaryIO

from gaugelet_worker.isolation import linux

_F_ADD_SEALS = 1033
_SEAL_SEAL, _SEAL_SHRINK, _SEAL_GROW, _SEAL_WRITE = 1, 2, 4, 8
_NUMBERS = struct.Struct(">QQ")
_PIECE_BYTES = 1024**2
_PAGE_BYTES = 4096
_NOTHING = bytes(_PAGE_BYTES)
# The machine that wrote to it may need a moment to let go.
_SEAL_ATTEMPTS = 50
_SEAL_PAUSE_SECONDS = 0.02


class DamagedError(ValueError):
    """A saved memory that is not whole."""


def create(size: int) -> int:
    """A file of zeros, in memory; gives its descriptor."""
    descriptor = os.memfd_create("machine", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.truncate(descriptor, size)
    return descriptor


def load(path: str) -> int:
    """The same, filled and sealed. Raises DamagedError or OSError."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        size, _ = _numbers(file, digest)
        descriptor = create(size)
        while True:
            place, length = _numbers(file, digest)
            if length == 0:
                break
            piece = file.read(length)
            digest.update(piece)
            if len(piece) != length or place + length > size:
                raise DamagedError("it ends too early")
            os.pwrite(descriptor, piece, place)
        if file.read() != digest.digest():
            raise DamagedError("its checksum is another one")
    seal(descriptor)
    return descriptor


def save(descriptor: int, path: str) -> None:
    """Write what is not zero, down to the disk. Raises OSError."""
    digest = hashlib.sha256()
    with open(path, "wb") as file:

        def write(data: bytes) -> None:
            digest.update(data)
            file.write(data)

        write(_NUMBERS.pack(os.fstat(descriptor).st_size, 0))
        for place, piece in _pieces(descriptor):
            write(_NUMBERS.pack(place, len(piece)))
            write(piece)
        write(_NUMBERS.pack(0, 0))
        file.write(digest.digest())
        file.flush()
        os.fsync(file.fileno())


def seal(descriptor: int) -> None:
    """Let nobody change it any more. Raises OSError where somebody still can."""
    for attempt in range(_SEAL_ATTEMPTS):
        try:
            fcntl.fcntl(descriptor, _F_ADD_SEALS, _SEAL_SEAL | _SEAL_SHRINK | _SEAL_GROW | _SEAL_WRITE)
            return
        except OSError:
            if attempt + 1 == _SEAL_ATTEMPTS:
                raise
            time.sleep(_SEAL_PAUSE_SECONDS)


def _pieces(descriptor: int) -> Iterator[tuple[int, bytes]]:
    size = os.fstat(descriptor).st_size
    for start in range(0, size, _PIECE_BYTES):
        data = os.pread(descriptor, _PIECE_BYTES, start)
        first = None
        for offset in range(0, len(data), _PAGE_BYTES):
            if data[offset : offset + _PAGE_BYTES] != _NOTHING:
                first = offset if first is None else first
            elif first is not None:
                yield start + first, data[first:offset]
                first = None
        if first is not None:
            yield start + first, data[first:]


def _numbers(file: BinaryIO, digest: "hashlib._Hash") -> tuple[int, int]:
    data = file.read(_NUMBERS.size)
    if len(data) < _NUMBERS.size:
        raise DamagedError("it ends too early")
    digest.update(data)
    return _NUMBERS.unpack(data)


def main(arguments: list[str]) -> None:
    """Hold one until nothing more is asked."""
    linux.die_with_parent()
    what, argument = arguments
    try:
        descriptor = create(int(argument)) if what == "create" else load(argument)
    except (DamagedError, OSError, MemoryError) as error:
        _say(problem=str(error))
        return
    _say(descriptor=descriptor)
    for line in sys.stdin:
        command, _, path = line.rstrip("\n").partition(" ")
        try:
            if command == "save":
                save(descriptor, path)
            elif command == "seal":
                seal(descriptor)
            _say()
        except OSError as error:
            _say(problem=error.strerror or str(error))


def _say(**answer: object) -> None:
    print(json.dumps(answer), flush=True)
