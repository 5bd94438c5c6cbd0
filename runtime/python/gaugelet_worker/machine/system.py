"""The system of a virtual machine: what is mounted, its clock, its random numbers, its name, what it uses."""

import ctypes
import errno
import fcntl
import os
import socket
import struct
import time

from gaugelet_worker.isolation import linux

_RNDADDENTROPY = 0x40085203
_RNDRESEEDCRNG = 0x5207
_MS_NOSUID, _MS_NODEV, _MS_NOEXEC, _MS_REMOUNT, _MS_BIND = 2, 4, 8, 32, 4096
_BYTES_OF_INODE = 4096
# Of /tmp until a function's limit is known.
_SCRATCH_BYTES = 16 * 1024**2
# A clock that is this far off is set.
_CLOCK_SECONDS = 0.02


def lay_out() -> None:
    """Mount what Linux and functions expect. Once, when the machine has booted."""
    guarded = _MS_NOSUID | _MS_NODEV | _MS_NOEXEC
    _mount("proc", "/proc", "proc", guarded, "hidepid=invisible")
    _mount("sysfs", "/sys", "sysfs", guarded)
    _mount("cgroup2", "/sys/fs/cgroup", "cgroup2", guarded)
    with open("/sys/fs/cgroup/cgroup.subtree_control", "w") as file:
        file.write("+memory +pids")
    _mount("scratch", "/tmp", "tmpfs", _MS_NOSUID | _MS_NODEV, _scratch_options(_SCRATCH_BYTES))
    for folder in ("/tmp/.shm", "/dev/shm", "/var"):
        os.makedirs(folder, exist_ok=True)
    os.chmod("/tmp/.shm", 0o1777)
    _mount("/tmp/.shm", "/dev/shm", "", _MS_BIND)
    if not os.path.lexists("/var/tmp"):
        os.symlink("/tmp", "/var/tmp")
    for name, target in (("fd", "/proc/self/fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2")):
        if not os.path.lexists(f"/dev/{name}"):
            os.symlink(target, f"/dev/{name}")
    os.umask(0o022)
    _bring_up_loopback()


def limit_scratch(size: int | None) -> None:
    """Let temporary files and shared memory take so many bytes together; None: what they have."""
    if size is not None:
        _mount("scratch", "/tmp", "tmpfs", _MS_REMOUNT | _MS_NOSUID | _MS_NODEV, _scratch_options(size))


def stir(seed: bytes) -> None:
    """Draw other random numbers than all machines that began with the same memory."""
    with linux.Unbuffered("/dev/urandom", os.O_WRONLY) as device:
        fcntl.ioctl(device, _RNDADDENTROPY, struct.pack(f"ii{len(seed)}s", 8 * len(seed), len(seed), seed))
        fcntl.ioctl(device, _RNDRESEEDCRNG)


def set_clock(seconds: float) -> None:
    """Unix seconds; a clock that is right is left alone."""
    if abs(time.time() - seconds) > _CLOCK_SECONDS:
        time.clock_settime(time.CLOCK_REALTIME, seconds)


def set_name(name: str) -> None:
    """The machine's host name."""
    socket.sethostname(name)


def usage() -> dict:
    """Load, memory and disk of the machine, and for how long it has run, from its own clock."""
    with open("/proc/meminfo") as file:
        memory = {
            name: int(rest.split()[0]) * 1024 for name, _, rest in (line.partition(":") for line in file)
        }
    disk = os.statvfs("/tmp")
    return {
        "load": os.getloadavg()[0],
        "memoryBytes": memory["MemTotal"] - memory["MemAvailable"],
        "memoryTotalBytes": memory["MemTotal"],
        "diskBytes": (disk.f_blocks - disk.f_bfree) * disk.f_frsize,
        "diskTotalBytes": disk.f_blocks * disk.f_frsize,
    }


def _scratch_options(size: int) -> str:
    return f"size={size},nr_inodes={max(64, size // _BYTES_OF_INODE)},mode=1777"


def _mount(source: str, target: str, kind: str, flags: int = 0, options: str = "") -> None:
    result = linux.libc.mount(
        source.encode(), target.encode(), kind.encode() or None, ctypes.c_ulong(flags), options.encode()
    )
    if result < 0 and ctypes.get_errno() != errno.EBUSY:
        linux.check(result, f"mount {target}")


def _bring_up_loopback() -> None:
    up, get_flags, set_flags = 1, 0x8913, 0x8914
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = fcntl.ioctl(control, get_flags, struct.pack("16sh14x", b"lo", 0))
        flags = struct.unpack("16sh14x", request)[1] | up
        fcntl.ioctl(control, set_flags, struct.pack("16sh14x", b"lo", flags))
