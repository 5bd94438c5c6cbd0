import os

from probe import Tries


def handler(input, context):
    """Signal 0 asks for the right to send any."""
    tries = Tries()
    for name, pid in input["pids"].items():
        tries(f"signal the {name}", lambda pid=pid: os.kill(pid, 0))
        tries(f"signal the {name}'s group", lambda pid=pid: os.killpg(os.getpgid(pid), 0))
    tries("signal the first process", lambda: os.getpid() > 10 and os.kill(1, 0))
    tries("signal its parent", lambda: os.getppid() > 1 and os.kill(os.getppid(), 0))
    return tries.result()
