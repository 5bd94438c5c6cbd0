import socket

from probe import Tries


def handler(input, context):
    tries = Tries()
    tries(
        "connect to a database's port",
        lambda: socket.create_connection(("127.0.0.1", input["ports"]["database"]), 2).close(),
    )
    return tries.result()
