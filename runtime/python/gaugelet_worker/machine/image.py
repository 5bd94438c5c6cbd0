"""Builds what virtual machines boot from: this interpreter, its libraries and a shell, as a file system.

`image FOLDER KERNEL MODULES` makes `FOLDER/<version>/root.img` and `initrd.gz`, of this machine's own files
and with nothing from a network, and says where they are, as a line of JSON: `{"version": "…", "folder": "…",
"preload": ["numpy"]}`, or `{"problem": "…"}`. KERNEL is the folder of an unpacked kernel package. The version
is made of the content: the same files give the same bytes.
"""

import compileall
import contextlib
import fcntl
import gzip
import hashlib
import importlib.metadata
import importlib.util
import io
import json
import os
import py_compile
import re
import shutil
import stat
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

_OWN_DISTRIBUTIONS = ("orjson", "psutil", "pyseccomp")
_LEFT_OUT = {"__pycache__", "test", "tests", "idlelib", "tkinter", "turtledemo", "ensurepip", "lib2to3",
             "site-packages", "dist-packages", "distutils", "pydoc_data"}  # fmt: skip
_LEFT_OUT_ENDINGS = (".pyc", ".a", ".h", ".pyi", ".pxd", ".pyx")
_PROGRAMS = """
    [ awk base64 basename bash bc cat chmod cksum cmp comm cp cut date dd df diff dirname du echo env expr
    false fgrep find fold free getconf grep gunzip gzip head hostname id jq join kill ldconfig ln ls md5sum
    mkdir mktemp mv nice nl nproc od paste printenv printf ps pwd readlink realpath rm rmdir sed seq setsid
    sh sha1sum sha256sum shuf sleep sort split stat stty sum sync tac tail tar tee test timeout touch tr
    true truncate tty uname uniq wc which whoami xargs yes
""".split()
# What programs call by these very paths.
_BY_PATH = ("/bin/sh", "/bin/bash", "/sbin/ldconfig", "/usr/bin/env", "/usr/bin/sh", "/usr/bin/bash")
_LIBRARIES = ("libseccomp.so.2", "libgcc_s.so.1", "libstdc++.so.6")
_LIBRARY_FOLDERS = ("/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/usr/lib64", "/lib64", "/usr/lib")
_ETC = ("ld.so.cache", "localtime", "mime.types", "protocols", "services", "ssl/openssl.cnf")
_ETC_TEXTS = {
    "passwd": "root:x:0:0::/:/usr/sbin/nologin\nworker:x:200000:200000::/tmp:/bin/sh\n",
    "group": "root:x:0:\nworker:x:200000:\n",
    "hosts": "127.0.0.1 localhost\n::1 localhost\n",
}
_FOLDERS = ("dev", "etc", "proc", "root", "run", "sys", "tmp", "var")
# In the order in which they need each other.
_MODULES = ("drivers/virtio/virtio_ring", "drivers/virtio/virtio", "drivers/virtio/virtio_mmio",
            "drivers/char/virtio_console", "drivers/block/virtio_blk", "lib/libcrc32c", "fs/erofs/erofs",
            "fs/overlayfs/overlay")  # fmt: skip
_UUID = "6761-7567-656c-6574"
_INIT = """#!/bin/busybox sh
/bin/busybox mount -t devtmpfs dev /dev
for module in {modules}; do
  /bin/busybox insmod /lib/$module.ko
done
/bin/busybox mount -t erofs -o ro /dev/vda /lower || exit 1
/bin/busybox mount -t tmpfs -o size=50% upper /upper
/bin/busybox mkdir /upper/files /upper/work
folders=lowerdir=/lower,upperdir=/upper/files,workdir=/upper/work
/bin/busybox mount -t overlay -o $folders overlay /root || exit 1
/bin/busybox mount --move /dev /root/dev
preload="$gaugelet_preload"
exec /bin/busybox env -i PATH=/usr/bin:/bin PYTHONPATH='{path}' PYTHONDONTWRITEBYTECODE=1 PYTHONUTF8=1 \\
  OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 \\
  /bin/busybox switch_root /root '{python}' -P -m gaugelet_worker guest "$preload"
"""


_VERSION_LENGTH = 32
_MOST_IMAGES = 6
_BEING_MADE = "making-"


class NotPossibleError(Exception):
    """Something is missing. The message says what, and how to get it."""


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
        files = sorted(_with_libraries(_all_files(preload)))
        initrd = _initrd(kernel)
        mark = _digest([*(f"{path} {_look(path)}" for path in files), initrd, sys.version])
        note = Path(folder, f"{mark[:32]}.json")
        with contextlib.suppress(OSError, ValueError):
            known = json.loads(note.read_text())
            if _is_whole(known):
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
        if number < _MOST_IMAGES:
            kept.add(Path(json.loads(note.read_text())["folder"]).name)
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


def _is_whole(made: dict) -> bool:
    return all(Path(made["folder"], name).stat().st_size == size for name, size in made["sizes"].items())


def _all_files(preload: list[str]) -> set[str]:
    package = Path(__file__).parents[1]
    roots = [sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib"), str(package)]
    files = {path for root in roots for path in _tree(Path(root).resolve())}
    files.update({sys.executable, os.path.realpath(sys.executable)})
    configuration = Path(sys.prefix, "pyvenv.cfg")
    if configuration.exists():
        files.add(str(configuration))
        home = Path(sys.base_prefix, "bin")
        files.update(str(path) for path in home.glob("python3*") if not path.name.endswith("config"))
    for name in _distributions(preload):
        for file in importlib.metadata.files(name) or ():
            path = os.path.normpath(str(file.locate()))
            if not _is_left_out(path, file.parts) and f"{os.sep}bin{os.sep}" not in path:
                files.add(path)
    files.update(found for program in _PROGRAMS if (found := shutil.which(program)))
    files.update(f"/etc/{name}" for name in _ETC)
    files.update(_BY_PATH)
    for library in _LIBRARIES:
        found = (f"{each}/{library}" for each in _LIBRARY_FOLDERS if os.path.exists(f"{each}/{library}"))
        files.update(list(found)[:1])
    zones = Path("/usr/share/zoneinfo")
    if zones.is_dir():
        files.update(path for path in _tree(zones) if "/right/" not in path and "/posix/" not in path)
    return {path for path in files if os.path.isfile(path)}


def _tree(root: Path) -> Iterator[str]:
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name not in _LEFT_OUT and not name.startswith("config-")]
        yield from (f"{folder}/{name}" for name in names if not name.endswith(_LEFT_OUT_ENDINGS))


def _is_left_out(path: str, parts: Iterable[str]) -> bool:
    return path.endswith(_LEFT_OUT_ENDINGS) or not {"__pycache__", "tests"}.isdisjoint(parts)


def _distributions(modules: list[str]) -> list[str]:
    """The installed packages that have these modules, and those that they need."""
    of_module = importlib.metadata.packages_distributions()
    open_ = [*_OWN_DISTRIBUTIONS, *(name for module in modules for name in of_module.get(module, ()))]
    found: set[str] = set()
    while open_:
        name = re.sub(r"[-_.]+", "-", open_.pop()).lower()
        if name in found:
            continue
        try:
            needs = importlib.metadata.requires(name) or []
        except importlib.metadata.PackageNotFoundError:
            continue
        found.add(name)
        open_ += [re.split(r"[^\w.-]", need, maxsplit=1)[0] for need in needs if "extra ==" not in need]
    return sorted(found)


def _with_libraries(files: set[str]) -> set[str]:
    """And the shared libraries that they are linked to."""
    linked = [path for path in files if _is_elf(path)]
    said = subprocess.run(["ldd", *linked], capture_output=True, text=True, check=False).stdout
    found = set(re.findall(r"(?:=> |^\t)(/\S+) \(0x", said, re.MULTILINE))
    return files | {os.path.normpath(path) for path in found if os.path.isfile(path)}


def _is_elf(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            return file.read(4) == b"\x7fELF"
    except OSError:
        return False


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


def _initrd(kernel: str) -> bytes:
    """The first file system of a boot: a shell that mounts the other one."""
    found = sorted(Path(kernel).glob("lib/modules/*/kernel")) or sorted(
        Path(kernel).glob("usr/lib/modules/*/kernel")
    )
    if not found:
        raise NotPossibleError(f"{kernel} has no modules of a kernel")
    modules = [path for name in _MODULES if (path := found[-1] / f"{name}.ko").exists()]
    names = [path.stem for path in modules]
    init = _INIT.format(modules=" ".join(names), path=Path(__file__).parents[2], python=sys.executable)
    entries: list[tuple[str, int, bytes]] = [
        (name, stat.S_IFDIR | 0o755, b"") for name in ("bin", "dev", "lib", "lower", "root", "upper")
    ]
    entries.append(("bin/busybox", stat.S_IFREG | 0o755, Path(shutil.which("busybox") or "").read_bytes()))
    entries += [(f"lib/{path.name}", stat.S_IFREG | 0o644, path.read_bytes()) for path in modules]
    entries.append(("init", stat.S_IFREG | 0o755, init.encode()))
    return gzip.compress(_archive(entries), 6, mtime=0)


def _archive(entries: list[tuple[str, int, bytes]]) -> bytes:
    """A cpio archive of the kind `newc`; https://docs.kernel.org/driver-api/early-userspace/buffer-format.html"""
    archive = io.BytesIO()

    def pad() -> None:
        archive.write(bytes(-archive.tell() % 4))

    for number, (name, mode, data) in enumerate([*entries, ("TRAILER!!!", 0, b"")], 1):
        fields = (number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0)
        archive.write(b"070701" + b"".join(b"%08X" % field for field in fields))
        archive.write(name.encode() + b"\0")
        pad()
        archive.write(data)
        pad()
    return archive.getvalue()


def _write(path: Path, data: bytes) -> None:
    temporary = path.with_suffix(".new")
    temporary.write_bytes(data)
    temporary.rename(path)


def main(arguments: list[str]) -> None:
    """Build it and say where it is."""
    folder, kernel, modules = arguments
    try:
        answer = build(folder, kernel, [name for name in modules.split(",") if name])
    except (NotPossibleError, OSError) as error:
        answer = {"problem": str(error)}
    print(json.dumps(answer), flush=True)
