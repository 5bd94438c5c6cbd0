"""Which of this machine's files are in the image of virtual machines."""

import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import sysconfig
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


def image_files(preload: list[str]) -> set[str]:
    """The paths of what functions are to find there, with these modules and what all of it is linked to."""
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
    return _with_libraries({path for path in files if os.path.isfile(path)})


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
