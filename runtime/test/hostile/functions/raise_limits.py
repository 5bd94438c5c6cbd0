import os
import resource

from probe import Tries

NAMES = ("RLIMIT_NOFILE", "RLIMIT_NPROC", "RLIMIT_FSIZE", "RLIMIT_DATA", "RLIMIT_AS", "RLIMIT_CORE")


def handler(input, context):
    tries = Tries()
    for name in NAMES:
        _, hard = resource.getrlimit(getattr(resource, name))
        if hard == resource.RLIM_INFINITY:
            continue
        tries(
            f"raise {name}",
            lambda name=name, hard=hard: resource.setrlimit(getattr(resource, name), (hard + 1, hard + 1)),
        )
    tries("leave its control group", leave_group)
    tries("be the last to be ended when memory is short", lambda: write("/proc/self/oom_score_adj", "-1000"))
    tries("run before all others", lambda: os.nice(-5))
    tries("run in real time", lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1)))
    return tries.result()


def leave_group() -> bool:
    with open("/proc/mounts") as mounts:
        points = [line.split()[1] for line in mounts if line.split()[2] in ("cgroup", "cgroup2")]
    moved = False
    for point in points:
        try:
            write(f"{point}/cgroup.procs", str(os.getpid()))
            moved = True
        except OSError:
            continue
    return moved


def write(path: str, text: str) -> None:
    with open(path, "w") as file:
        file.write(text)
