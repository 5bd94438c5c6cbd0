"""Where this process may make control groups: version 1, version 2, or nowhere."""

import dataclasses
import os
from pathlib import Path
from typing import NamedTuple

_NEEDED = ("memory", "pids")
_LEAF = "gaugelet-runtime"


class FileNames(NamedTuple):
    """What the files are called."""

    memory_limit: str
    swap_limit: str
    """Memory and swap together in version 1, swap alone in version 2."""
    memory_events: str
    processes_limit: str


_VERSION_1 = FileNames(
    "memory.limit_in_bytes", "memory.memsw.limit_in_bytes", "memory.oom_control", "pids.max"
)
_VERSION_2 = FileNames("memory.max", "memory.swap.max", "memory.events", "pids.max")


@dataclasses.dataclass(frozen=True)
class Hierarchies:
    """For each controller the folder below which groups are made: one and the same in version 2."""

    version: int
    folders: dict[str, Path]

    @property
    def files(self) -> FileNames:
        """Of its version."""
        return _VERSION_2 if self.version == 2 else _VERSION_1

    @property
    def home(self) -> str:
        """Where this process is, below the folders: with version 2 no process may be where groups are."""
        return _LEAF if self.version == 2 else ""


def find_hierarchies() -> Hierarchies | str:
    """This process's own groups, if it may make others below them; else why not."""
    try:
        own = _own_paths()
        mounts = _mounts()
    except OSError as error:
        return f"there are no control groups: {error}"
    folders = {name: _folder(mounts.get(name), own.get(name)) for name in _NEEDED}
    if all(folders.values()):
        return _if_writable(Hierarchies(1, folders))
    unified = _folder(mounts.get(""), own.get(""))
    if unified is None:
        return "the controllers memory and pids are not mounted below /sys/fs/cgroup"
    return _delegated(unified.parent if unified.name == _LEAF else unified)


def _delegated(folder: Path) -> Hierarchies | str:
    """Version 2: groups with limits can only be made in one that holds no process itself."""
    controllers = (folder / "cgroup.controllers").read_text().split()
    if not set(_NEEDED) <= set(controllers):
        return f"the control group {folder} has no controllers memory and pids: delegate them to the runtime"
    found = _if_writable(Hierarchies(2, dict.fromkeys(_NEEDED, folder)))
    enabled = (folder / "cgroup.subtree_control").read_text().split()
    if isinstance(found, str) or set(_NEEDED) <= set(enabled):
        return found
    if not _is_ours(folder):
        return f"the control group {folder} is not delegated: start the runtime with Delegate=yes in its unit"
    try:
        leaf = folder / _LEAF
        leaf.mkdir(exist_ok=True)
        for pid in (folder / "cgroup.procs").read_text().split():
            (leaf / "cgroup.procs").write_text(pid)
        (folder / "cgroup.subtree_control").write_text(" ".join(f"+{name}" for name in _NEEDED))
    except OSError as error:
        return f"the control group {folder} cannot be divided: {error}"
    return found


def _is_ours(folder: Path) -> bool:
    """Delegated by systemd, or the root of a container's own view, which has what the true root has not."""
    if any(name in os.listxattr(folder) for name in ("user.delegate", "trusted.delegate")):
        return True
    return (folder / "cgroup.type").exists() and not (folder.parent / "cgroup.procs").exists()


def _if_writable(hierarchies: Hierarchies) -> Hierarchies | str:
    for folder in hierarchies.folders.values():
        if not os.access(folder / "cgroup.procs", os.W_OK) or not os.access(folder, os.W_OK):
            return f"the control group {folder} cannot be written by the runtime's user"
    return hierarchies


def _own_paths() -> dict[str, str]:
    """Controller, or nothing for version 2, to the path of this process's group."""
    paths = {}
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        paths.update(dict.fromkeys(controllers.split(","), path))
    return paths


def _mounts() -> dict[str, tuple[str, str]]:
    """Controller, or nothing for version 2, to root and mount point of its hierarchy."""
    mounts = {}
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        mount, _, kind = line.partition(" - ")
        root, point = mount.split()[3:5]
        name, _, options = kind.split()[:3]
        if not os.path.exists(f"{point}/cgroup.procs"):
            continue  # something else is mounted on top of it
        if name == "cgroup2":
            mounts[""] = (root, point)
        elif name == "cgroup":
            mounts.update(dict.fromkeys(options.split(","), (root, point)))
    return mounts


def _folder(mount: tuple[str, str] | None, path: str | None) -> Path | None:
    if mount is None or path is None:
        return None
    root, point = mount
    within = path.removeprefix(root) if root != "/" else path
    folder = Path(point + within)
    return folder if folder.is_dir() else None
