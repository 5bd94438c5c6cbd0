import os
import socket

from probe import Tries


def handler(input, context):
    tries = Tries()
    tries(
        "be in the machine's network", lambda: os.readlink("/proc/self/ns/net") == input["namespaces"]["net"]
    )
    tries("see another interface than its own", lambda: [name for _, name in socket.if_nameindex()] != ["lo"])
    tries("listen for others", lambda: listen())
    return tries.result()


def listen() -> bool:
    """Whether what it listens on would be the machine's: only the machine's has routes to elsewhere."""
    with open("/proc/net/route") as file:
        return len(file.readlines()) > 1
