import os
import socket
import time

from probe import Tries


def handler(input, context):
    """Fills the queue of connections that the zygote has not looked at yet, from several processes."""
    name = "\0" + input["zygoteSocket"]
    for _ in range(3):
        if os.fork() == 0:
            knock(name, time.monotonic() + 2)
            os._exit(0)
    knocks = knock(name, time.monotonic() + 2)
    tries = Tries()
    tries("knock at the zygote's door", lambda: knocks > 0)
    return tries.result(knocks=knocks)


def knock(name: str, end: float) -> int:
    count = 0
    while time.monotonic() < end:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.setblocking(False)
            try:
                connection.connect(name)
                count += 1
            except OSError:
                pass
    return count
