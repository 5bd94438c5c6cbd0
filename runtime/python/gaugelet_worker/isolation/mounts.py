"""The kernel's newer calls for mounts: they work on descriptors, need no mount point for what is prepared,
and have the same numbers on all machines. Manual: open_tree(2), fsopen(2), move_mount(2), mount_setattr(2).
"""

import ctypes
import os
import select

from gaugelet_worker.isolation.linux import PIVOT_ROOT, check, libc, syscall

_OPEN_TREE, _MOVE_MOUNT, _FSOPEN, _FSCONFIG, _FSMOUNT, _MOUNT_SETATTR = 428, 429, 430, 431, 432, 442
_AT_FDCWD, _AT_EMPTY_PATH, _AT_RECURSIVE = -100, 0x1000, 0x8000
_OPEN_TREE_CLONE, _OPEN_TREE_CLOEXEC = 1, os.O_CLOEXEC
_FSMOUNT_CLOEXEC = 1
_FSCONFIG_SET_STRING, _FSCONFIG_CMD_CREATE = 1, 6
_MOVE_MOUNT_F_EMPTY_PATH = 4
_MS_REC, _MS_PRIVATE, _MNT_DETACH = 0x4000, 0x40000, 2

READ_ONLY, NO_SUID, NO_DEVICES, NO_PROGRAMS = 1, 2, 4, 8


class _MountAttributes(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in ("set", "clear", "propagation", "user_namespace")]


class MountWatch:
    """Tells whether anything is mounted or unmounted in this mount namespace. Manual: proc_pid_mounts(5)."""

    def __init__(self) -> None:
        self._mounts = os.open("/proc/self/mountinfo", os.O_RDONLY)

    def has_seen_change(self) -> bool:
        """Whether that happened since this was last asked, or was made."""
        poll = select.poll()
        poll.register(self._mounts, select.POLLPRI)
        return bool(poll.poll(0))

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._mounts)


def make_private() -> None:
    """What is mounted from now on is mounted in this mount namespace alone."""
    check(libc.mount(b"none", b"/", None, ctypes.c_ulong(_MS_REC | _MS_PRIVATE), None), "mount")


def clone_tree(path: str, attributes: int) -> int:
    """A descriptor of a second mount of a file or a folder, with all that is mounted below it."""
    flags = _OPEN_TREE_CLONE | _OPEN_TREE_CLOEXEC | _AT_RECURSIVE
    tree = syscall(f"open_tree {path}", _OPEN_TREE, _AT_FDCWD, os.fsencode(path), flags)
    set_attributes(tree, attributes)
    return tree


def set_attributes(tree: int, attributes: int, *, recursive: bool = True) -> None:
    """Add attributes to a mount, and to all below it."""
    argument = _MountAttributes(set=attributes)
    flags = _AT_EMPTY_PATH | (_AT_RECURSIVE if recursive else 0)
    size = ctypes.sizeof(argument)
    syscall("mount_setattr", _MOUNT_SETATTR, tree, b"", flags, ctypes.byref(argument), size)


def new_file_system(kind: str, attributes: int, **options: object) -> int:
    """A descriptor of a mount of a new file system."""
    context = syscall(f"fsopen {kind}", _FSOPEN, kind.encode(), 1)
    try:
        for name, value in options.items():
            text = str(value).encode()
            syscall(f"fsconfig {kind}", _FSCONFIG, context, _FSCONFIG_SET_STRING, name.encode(), text, 0)
        syscall(f"fsconfig {kind}", _FSCONFIG, context, _FSCONFIG_CMD_CREATE, None, None, 0)
        return syscall(f"fsmount {kind}", _FSMOUNT, context, _FSMOUNT_CLOEXEC, attributes)
    finally:
        os.close(context)


def place(tree: int, path: str) -> None:
    """Mount what a descriptor stands for at a path, and close it."""
    to = os.fsencode(path)
    syscall(f"move_mount {path}", _MOVE_MOUNT, tree, b"", _AT_FDCWD, to, _MOVE_MOUNT_F_EMPTY_PATH)
    os.close(tree)


def detach(path: str) -> None:
    """Undo the topmost mount at a path."""
    check(libc.umount2(os.fsencode(path), _MNT_DETACH), "umount2")


def change_root(path: str) -> None:
    """Make a mount the root of this namespace. What was the root lies on top of it, and is to be detached."""
    os.chdir(path)
    syscall("pivot_root", PIVOT_ROOT, b".", b".")
