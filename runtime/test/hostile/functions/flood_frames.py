import os


def handler(input, context):
    """Bytes that are no frames, where answers are expected."""
    while True:
        os.write(3, b"\xff" * 65_536)
