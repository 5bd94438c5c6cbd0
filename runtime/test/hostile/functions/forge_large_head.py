import os
import struct


def handler(input, context):
    """A head of 240 MiB of empty objects: what reads it needs twenty times as much."""
    piece = b"{}," * (1024**2 // 3)
    count = 240
    head_length = len(b'{"x":[') + len(piece) * count + len(b"0]}")
    write(struct.pack(">IBI", 5 + head_length, 21, head_length) + b'{"x":[')
    for _ in range(count):
        write(piece)
    write(b"0]}")
    return {"could": []}


def write(data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(3, rest) :]
