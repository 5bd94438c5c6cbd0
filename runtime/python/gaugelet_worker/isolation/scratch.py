"""A private folder for each worker that has no file system of its own."""

import contextlib
import os
import subprocess
import tempfile
from pathlib import Path

from gaugelet_worker.isolation.names import PREFIX, is_left_over, own_prefix


class ScratchFolders:
    """Makes and removes them. Removing is done by a process of its own: a folder may hold a million files."""

    def __init__(self) -> None:
        for left in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
            if is_left_over(left.name) and _is_own(left):
                subprocess.run(["/bin/rm", "-rf", "--", str(left)], check=False)
        self._base = Path(tempfile.gettempdir(), own_prefix())
        self._base.mkdir(mode=0o711)
        # The mask may have taken away that workers of other users can pass through.
        self._base.chmod(0o711)

    def make(self, launch: int) -> str:
        """A new empty folder."""
        path = self._base / str(launch)
        path.mkdir(mode=0o700)
        return str(path)

    def start_removal(self, path: str) -> int | None:
        """Remove it; gives the process that does so, or None where it was empty and is gone."""
        with contextlib.suppress(OSError):
            os.rmdir(path)
            return None
        return os.posix_spawn("/bin/rm", ["rm", "-rf", "--", path], {})

    def close(self) -> None:
        """Remove what holds them."""
        with contextlib.suppress(OSError):
            self._base.rmdir()


def _is_own(path: Path) -> bool:
    """Everybody may put something there, a link to nowhere too, and another zygote may be removing it."""
    try:
        return path.lstat().st_uid == os.geteuid()
    except FileNotFoundError:
        return False
