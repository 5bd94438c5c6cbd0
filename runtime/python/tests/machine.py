"""What the tests ask of the machine, and how they put a process into another position on it."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from gaugelet_worker.isolation import linux, mounts

needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="made of Linux namespaces")
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="root alone can change users")
NOBODY = 65_534


def wait_until(check: Callable[[], object]) -> None:
    """Generous: the time only matters when the test fails."""
    end = time.monotonic() + 20
    while not check():
        assert time.monotonic() < end
        time.sleep(0.01)


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):  # the latter where it goes while its file is read
        return False


def show_python_to_everybody() -> None:
    """For this process and its children: a Python below a folder like /root is readable by all users."""
    closed = [each for each in Path(sys.base_prefix).parents if not each.stat().st_mode & 0o001]
    linux.check(linux.libc.unshare(linux.CLONE_NEWNS), "unshare")
    mounts.make_private()
    if closed:
        python = mounts.clone_tree(sys.base_prefix, 0)
        mounts.place(mounts.new_file_system("tmpfs", 0, mode="755"), str(closed[-1]))
        os.makedirs(sys.base_prefix)
        mounts.place(python, sys.base_prefix)


def become_nobody() -> None:
    """An ordinary user without any right, whose Python is readable."""
    show_python_to_everybody()
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
