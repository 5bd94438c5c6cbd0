"""The files that a sandboxed worker sees: the system's programs and libraries, its language, its function.

Everything but its own scratch folder is read-only.
"""

import dataclasses
import os
from collections.abc import Iterable
from pathlib import Path

from gaugelet_worker.isolation import mounts
from gaugelet_worker.isolation.mounts import NO_DEVICES, NO_PROGRAMS, NO_SUID, READ_ONLY
from gaugelet_worker.isolation.namespaces import INNER_USER
from gaugelet_worker.isolation.refused import Refused

# Where the new root is put together; what is there on the machine is not needed by then.
_SITE = "/tmp"
_SYSTEM = ("usr",)
_SYSTEM_LINKS = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
_ETC = ("ld.so.cache", "alternatives", "fonts", "localtime", "mime.types", "pki", "protocols", "services",
        "ssl/certs", "ssl/openssl.cnf", "timezone")  # fmt: skip
_ETC_OF_NETWORK = ("gai.conf", "hosts", "nsswitch.conf", "resolv.conf")
_DEVICES = ("null", "zero", "full", "random", "urandom")
_DEVICE_LINKS = {"fd": "/proc/self/fd", "stdin": "fd/0", "stdout": "fd/1", "stderr": "fd/2"}
_SHARED_MEMORY = "/tmp/.shm"
_ROOT_BYTES = 1024**2
_SCRATCH_BYTES = 64 * 1024**2
_BYTES_OF_INODE = 4096
_HIDDEN = ("/proc", "/dev", "/sys", "/")


@dataclasses.dataclass(frozen=True)
class View:
    """What to show."""

    readOnly: tuple[str, ...]
    """Folders and files, each at its own path."""
    network: bool
    scratchBytes: int | None
    user: int
    """Whose the scratch folder is, inside."""


def build_root(view: View) -> None:
    """Make the view the root of this mount namespace. This process must be in the new pid namespace."""
    mounts.make_private()
    sources = _sources(view)
    read_only = READ_ONLY | NO_SUID | NO_DEVICES
    trees = {path: mounts.clone_tree(source, read_only) for path, source in sources.items()}
    kinds = {path: os.path.isdir(source) for path, source in sources.items()}
    devices = {name: mounts.clone_tree(f"/dev/{name}", NO_SUID | NO_PROGRAMS) for name in _DEVICES}
    processes = mounts.new_file_system("proc", NO_SUID | NO_DEVICES | NO_PROGRAMS)
    root = mounts.new_file_system("tmpfs", NO_SUID | NO_DEVICES, size=_ROOT_BYTES, mode="755")
    links = {name: os.readlink(f"/{name}") for name in _SYSTEM_LINKS if os.path.islink(f"/{name}")}
    root_again = os.dup(root)
    mounts.place(root, _SITE)
    _make_scratch(view)
    for name, target in links.items():
        os.symlink(target, f"{_SITE}/{name}")
    _make_folders("proc", "dev", "etc")
    mounts.place(processes, f"{_SITE}/proc")
    _make_devices(devices)
    _write_etc(view)
    for path in sorted(trees):
        _make_mount_point(path, is_folder=kinds[path])
        mounts.place(trees[path], _SITE + path)
    mounts.change_root(_SITE)
    _close_root(root_again)


def _sources(view: View) -> dict[str, str]:
    """Path inside to path outside."""
    names = _ETC + (_ETC_OF_NETWORK if view.network else ())
    system = [f"/{name}" for name in _SYSTEM + _SYSTEM_LINKS if not os.path.islink(f"/{name}")]
    wanted = [*system, *(f"/etc/{name}" for name in names)]
    sources = {path: os.path.realpath(path) for path in wanted if os.path.exists(path)}
    for path in _without_covered(view.readOnly, system):
        if path in _HIDDEN:
            raise Refused(f"{path} cannot be shown in the sandbox; put the function into a folder of its own")
        if not os.path.exists(path):
            raise Refused(f"{path} must be readable in the sandbox, but is not there")
        sources[path] = path
    return sources


def _without_covered(paths: Iterable[str], system: list[str]) -> list[str]:
    """Those that are not below another one that is shown."""
    kept: list[str] = []
    for path in sorted({os.path.abspath(path) for path in paths}):
        if not any(Path(path).is_relative_to(other) for other in (*system, *kept)):
            kept.append(path)
    return kept


def _make_scratch(view: View) -> None:
    """One file system of limited size, for temporary files and for shared memory."""
    size = _SCRATCH_BYTES if view.scratchBytes is None else view.scratchBytes
    options = {"size": size, "nr_inodes": max(64, size // _BYTES_OF_INODE), "mode": "700"}
    scratch = mounts.new_file_system("tmpfs", NO_SUID | NO_DEVICES, **options)
    _make_folders("tmp", "dev")
    mounts.place(scratch, f"{_SITE}/tmp")
    os.mkdir(f"{_SITE}{_SHARED_MEMORY}", 0o700)
    for path in ("/tmp", _SHARED_MEMORY):
        os.chown(_SITE + path, view.user, view.user)
    os.symlink(_SHARED_MEMORY, f"{_SITE}/dev/shm")


def _make_devices(devices: dict[str, int]) -> None:
    for name, tree in devices.items():
        Path(f"{_SITE}/dev/{name}").touch()
        mounts.place(tree, f"{_SITE}/dev/{name}")
    for name, target in _DEVICE_LINKS.items():
        os.symlink(target, f"{_SITE}/dev/{name}")


def _write_etc(view: View) -> None:
    etc = Path(_SITE, "etc")
    # Whoever the worker is outside, in its own namespace it is this user.
    people = f"root:x:0:0::/:/usr/sbin/nologin\nworker:x:{INNER_USER}:{INNER_USER}::/tmp:/bin/sh\n"
    (etc / "passwd").write_text(people)
    (etc / "group").write_text(f"root:x:0:\nworker:x:{INNER_USER}:\n")
    if not view.network:
        (etc / "hosts").write_text("127.0.0.1 localhost\n::1 localhost\n")


def _make_folders(*names: str) -> None:
    for name in names:
        os.makedirs(f"{_SITE}/{name}", 0o755, exist_ok=True)


def _make_mount_point(path: str, *, is_folder: bool) -> None:
    inside = Path(_SITE + path)
    if is_folder:
        inside.mkdir(parents=True, exist_ok=True)
    else:
        inside.parent.mkdir(parents=True, exist_ok=True)
        inside.touch()


def _close_root(root: int) -> None:
    """The root itself read-only; what is mounted in it keeps its own attributes."""
    mounts.set_attributes(root, READ_ONLY, recursive=False)
    os.close(root)
