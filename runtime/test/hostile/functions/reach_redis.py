import socket

from probe import Tries


def handler(input, context):
    tries = Tries()
    key = input["neighbour"]["envKey"]
    tries("read another function's env in Redis", lambda: b"count" in ask(input["ports"]["redis"], key))
    return tries.result()


def ask(port: int, key: str) -> bytes:
    with socket.create_connection(("127.0.0.1", port), 2) as connection:
        connection.sendall(f"GET {key}\r\n".encode())
        return connection.recv(65536)
