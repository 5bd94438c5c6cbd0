"""Builds what virtual machines boot from: this interpreter, its libraries and a shell, as a file system.

`image FOLDER KERNEL MODULES` makes `FOLDER/<version>/root.img` and `initrd.gz`, of this machine's own files
and with nothing from a network, and says where they are, as a line of JSON: `{"version": "…", "folder": "…",
"preload": ["numpy"]}`, or `{"problem": "…"}`. KERNEL is the folder of an unpacked kernel package. The version
is made of the content: the same files give the same bytes.
"""

import compileall
import contextlib
import fcntl
import functools
import hashlib
import importlib.util
import json
import os
import py_compile
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from gaugelet_worker.isolation import linux
from gaugelet_worker.machine.image_files import image_files
from gaugelet_worker.machine.initrd import make_initrd
from gaugelet_worker.machine.not_possible import NotPossibleError

_ETC_TEXTS = {
    "passwd": "root:x:0:0::/:/usr/sbin/nologin\nworker:x:200000:200000::/tmp:/bin/sh\n",
    "group": "root:x:0:\nworker:x:200000:\n",
    "hosts": "127.0.0.1 localhost\n::1 localhost\n",
}
_FOLDERS = ("dev", "etc", "proc", "root", "run", "sys", "tmp", "var")
_UUID = "6761-7567-656c-6574"
_VERSION_LENGTH = 32
_MOST_IMAGES = 6
_BEING_MADE = "making-"


def build(folder: str, kernel: str, modules: list[str]) -> dict:
    """Make the image, unless it is there. Raises NotPossibleError or OSError."""
    for program, package in (("mkfs.erofs", "erofs-utils"), ("busybox", "busybox-static")):
        if shutil.which(program) is None:
            raise NotPossibleError(f"{program} is not installed: sudo apt-get install {package}")
    preload = [name for name in modules if importlib.util.find_spec(name) is not None]
    os.makedirs(folder, exist_ok=True)
    with open(Path(folder, "lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        # Nobody else makes one now: who began these was ended in the middle of it.
        for left in Path(folder).glob(f"{_BEING_MADE}*"):
            shutil.rmtree(left, ignore_errors=True)
        files = sorted(image_files(preload))
        initrd = make_initrd(kernel)
        mark = _digest([*(f"{path} {_look(path)}" for path in files), initrd, sys.version])
        note = Path(folder, f"{mark[:32]}.json")
        known = _read(note)
        with contextlib.suppress(OSError):
            if known is not None and _is_whole(known):
                return known
        made = _make(Path(folder), files, initrd) | {"preload": preload}
        _write(note, json.dumps(made).encode())
        _remove_old(Path(folder))
        return made


def _remove_old(folder: Path) -> None:
    """Those that were made longest ago; who has one open goes on with it."""
    notes = sorted(folder.glob("*.json"), key=lambda note: note.stat().st_mtime, reverse=True)
    kept = set()
    for number, note in enumerate(notes):
        known = _read(note)
        if number < _MOST_IMAGES and known is not None:
            kept.add(Path(known["folder"]).name)
        else:
            note.unlink()
    for place in folder.iterdir():
        if place.is_dir() and len(place.name) == _VERSION_LENGTH and place.name not in kept:
            shutil.rmtree(place, ignore_errors=True)


def _make(folder: Path, files: list[str], initrd: bytes) -> dict:
    with tempfile.TemporaryDirectory(dir=folder, prefix=_BEING_MADE) as work:
        stage = Path(work, "root")
        _lay_out(stage, files)
        version = _digest([*_contents(stage), initrd])[:_VERSION_LENGTH]
        place = folder / version
        image = Path(work, "root.img")
        command = [
            "mkfs.erofs",
            "-T0",
            "--all-root",
            "-U",
            f"00000000-{_UUID}00000000",
            str(image),
            str(stage),
        ]
        made = subprocess.run(command, capture_output=True, text=True, check=False)
        if made.returncode != 0:
            raise NotPossibleError(f"mkfs.erofs failed: {made.stderr.strip()[-500:]}")
        result = Path(work, "image")
        result.mkdir()
        image.rename(result / "root.img")
        (result / "initrd.gz").write_bytes(initrd)
        for each in result.iterdir():
            each.chmod(0o644)
            with each.open("rb+") as file:
                os.fsync(file.fileno())
        shutil.rmtree(place, ignore_errors=True)
        result.rename(place)
    sizes = {name: (place / name).stat().st_size for name in ("root.img", "initrd.gz")}
    return {"version": version, "folder": str(place), "sizes": sizes}


def _read(note: Path) -> dict | None:
    """What is noted of an image; None where the note is damaged, as one may be after a loss of power."""
    try:
        known = json.loads(note.read_text())
        return known if {"version", "folder", "sizes", "preload"} <= known.keys() else None
    except (OSError, ValueError, AttributeError):
        return None


def _is_whole(made: dict) -> bool:
    return all(Path(made["folder"], name).stat().st_size == size for name, size in made["sizes"].items())


def _lay_out(stage: Path, files: list[str]) -> None:
    for name in _FOLDERS:
        (stage / name).mkdir(parents=True)
    for path in files:
        real = _copy_links(stage, path)
        target = Path(f"{stage}{real}")
        if target.exists():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(real, target)
        target.chmod(0o755 if os.access(real, os.X_OK) else 0o644)
    for name, text in _ETC_TEXTS.items():
        (stage / "etc" / name).write_text(text)
    # Sources have no time of change here, so that what is compiled must not ask for it.
    compileall.compile_dir(
        stage,
        maxlevels=50,
        quiet=2,
        stripdir=str(stage),
        prependdir="/",
        workers=os.cpu_count() or 1,
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )
    for folder, _, _ in os.walk(stage):
        os.chmod(folder, 0o755)


def _copy_links(stage: Path, path: str) -> str:
    """Make the symbolic links on the way to a file; gives the path that they lead to."""
    for _ in range(40):
        parts = Path(path).parts
        for count in range(2, len(parts) + 1):
            link = Path(*parts[:count])
            if link.is_symlink():
                target = os.readlink(link)
                inside = Path(f"{stage}{link}")
                inside.parent.mkdir(parents=True, exist_ok=True)
                if not inside.is_symlink() and not inside.exists():
                    inside.symlink_to(target)
                path = os.path.normpath(Path(link.parent, target, *parts[count:]))
                break
        else:
            return path
    raise NotPossibleError(f"{path} is a symbolic link to itself")


def _contents(stage: Path) -> Iterator[str]:
    for folder, folders, names in os.walk(stage):
        folders.sort()
        for name in sorted([*names, *(each for each in folders if Path(folder, each).is_symlink())]):
            path = Path(folder, name)
            inside = str(path)[len(str(stage)) :]
            if path.is_symlink():
                yield f"{inside} -> {os.readlink(path)}"
            else:
                yield f"{inside} {stat.S_IMODE(path.stat().st_mode)} {_digest_of(path)}"


def _digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _digest(parts: Iterable[str | bytes]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part if isinstance(part, bytes) else part.encode("utf-8", "surrogateescape"))
        digest.update(b"\0")
    return digest.hexdigest()


def _look(path: str) -> str:
    status = os.stat(path)
    return f"{status.st_size} {status.st_mtime_ns} {status.st_ino}"


def _write(path: Path, data: bytes) -> None:
    temporary = path.with_suffix(".new")
    temporary.write_bytes(data)
    temporary.rename(path)


def main(arguments: list[str]) -> None:
    """Build it and say where it is."""
    linux.die_with_parent()
    # What compiles would wait for good for one that was killed, and hold its lock meanwhile.
    os.register_at_fork(after_in_child=functools.partial(linux.die_with, os.getpid()))
    folder, kernel, modules = arguments
    try:
        answer = build(folder, kernel, [name for name in modules.split(",") if name])
    except (NotPossibleError, OSError) as error:
        answer = {"problem": str(error)}
    print(json.dumps(answer), flush=True)
