"""The function's files, which come over the port one by one."""

import os
from typing import Any

from gaugelet_worker.isolation import linux

# Folders that are there.
_made: set[str] = set()


def take(head: dict[str, Any], body: bytes | bytearray) -> None:
    """Make one folder, file or link, at the path that it has on the runtime's machine.

    `kind`: `folder`, `file` or `link`. A file may come in several pieces, which follow each other. All are
    root's, so that a function cannot change them; a set-user-id bit has no meaning here and is dropped.
    """
    path, kind = head["path"], head["kind"]
    make_folder(path if kind == "folder" else os.path.dirname(path))
    if kind == "link":
        os.symlink(head["target"], path)
        return
    flags = os.O_RDONLY if kind == "folder" else os.O_WRONLY | os.O_CREAT | os.O_APPEND
    with linux.Unbuffered(path, flags) as descriptor:
        while kind == "file" and body:
            body = body[os.write(descriptor, body) :]
        # Nobody else is here, so that its worker may read all of it.
        os.chmod(descriptor, head["mode"] & 0o777 | (0o555 if kind == "folder" else 0o444))
        os.utime(descriptor, (head["modified"], head["modified"]))


def make_folder(path: str) -> None:
    """Make a folder where it is not there yet, and those above it."""
    if path in _made:
        return
    try:
        os.mkdir(path, 0o755)
    except OSError:
        os.makedirs(path, 0o755, exist_ok=True)
    _made.add(path)
