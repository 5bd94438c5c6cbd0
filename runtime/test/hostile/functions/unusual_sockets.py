import socket

from probe import Tries

KINDS = {
    "packet": (17, socket.SOCK_RAW, 0x0300),
    "raw internet": (socket.AF_INET, socket.SOCK_RAW, 1),
    "netlink audit": (16, socket.SOCK_RAW, 9),
    "netlink uevent": (16, socket.SOCK_RAW, 15),
    "netlink netfilter": (16, socket.SOCK_RAW, 12),
    "netlink generic": (16, socket.SOCK_RAW, 16),
    "virtual machine": (40, socket.SOCK_STREAM, 0),
    "kernel cryptography": (38, socket.SOCK_SEQPACKET, 0),
    "key management": (15, socket.SOCK_RAW, 2),
    "bluetooth": (31, socket.SOCK_RAW, 1),
    "express data path": (44, socket.SOCK_RAW, 0),
    "remote direct memory": (21, socket.SOCK_SEQPACKET, 0),
}


def handler(input, context):
    tries = Tries()
    for name, kind in KINDS.items():
        tries(f"open a {name} socket", lambda kind=kind: socket.socket(*kind).close())
    return tries.result()
