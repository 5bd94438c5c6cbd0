import os
import stat

from probe import Tries


def handler(input, context):
    """Opens what others talk over by the names that /proc has for descriptors, and touches none of it."""
    tries = Tries()
    for name, pid in input["pids"].items():
        for way, mode in (("read from", os.O_RDONLY), ("write to", os.O_WRONLY)):
            tries(f"{way} the {name}'s pipes", lambda pid=pid, mode=mode: open_pipes(pid, mode) > 0)
    return tries.result()


def open_pipes(pid: int, mode: int) -> int:
    folder = f"/proc/{pid}/fd"
    count = 0
    for descriptor in os.listdir(folder):
        path = f"{folder}/{descriptor}"
        try:
            if stat.S_ISFIFO(os.stat(path).st_mode):
                os.close(os.open(path, mode | os.O_NONBLOCK))
                count += 1
        except OSError:
            pass
    return count
