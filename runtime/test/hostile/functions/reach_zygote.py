import socket
import struct

from probe import Tries


def handler(input, context):
    """Asks for streams of launches that others begin, and for a worker of its own."""
    tries = Tries()
    for launch in (1, 2, 1_000_000):
        tries("be taken for the runtime", lambda launch=launch: be_heard(input["zygoteSocket"], launch))
    return tries.result()


def be_heard(name: str, launch: int) -> bool:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(0.5)
        connection.connect("\0" + name)
        connection.sendall(struct.pack(">II", launch, 3))
        try:
            return connection.recv(1) != b""
        except TimeoutError:
            return True
        except ConnectionError:
            return False
