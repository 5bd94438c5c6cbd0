"""What a virtual machine boots from, before it has its file system."""

import gzip
import io
import shutil
import stat
import sys
from pathlib import Path

from gaugelet_worker.machine.not_possible import NotPossibleError

# In the order in which they need each other.
_MODULES = ("drivers/virtio/virtio_ring", "drivers/virtio/virtio", "drivers/virtio/virtio_mmio",
            "drivers/char/virtio_console", "drivers/block/virtio_blk", "lib/libcrc32c", "fs/erofs/erofs",
            "fs/overlayfs/overlay")  # fmt: skip
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


def make_initrd(kernel: str) -> bytes:
    """The first file system of a boot: a shell that mounts the other one. Raises NotPossibleError."""
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
