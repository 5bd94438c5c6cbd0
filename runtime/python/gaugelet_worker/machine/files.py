"""The function's files, which come over the port one by one."""

import os
from typing import Any


def take(head: dict[str, Any], body: bytes | bytearray) -> None:
    """Make one folder, file or link, at the path that it has on the runtime's machine.

    `kind`: `folder`, `file` or `link`. A file may come in several pieces, which follow each other. All are
    root's, so that a function cannot change them; a set-user-id bit has no meaning here and is dropped.
    """
    path, kind = head["path"], head["kind"]
    os.makedirs(path if kind == "folder" else os.path.dirname(path), 0o755, exist_ok=True)
    if kind == "link":
        os.symlink(head["target"], path)
        return
    if kind == "file":
        with open(path, "ab") as file:
            file.write(body)
    # Nobody else is here, so that its worker may read all of it.
    os.chmod(path, head["mode"] & 0o777 | (0o555 if kind == "folder" else 0o444))
    os.utime(path, (head["modified"], head["modified"]))
