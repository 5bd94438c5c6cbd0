import os
import struct
import time


def handler(input, context):
    """A frame that is announced, begun, and never ends."""
    os.write(3, struct.pack(">IBI", 200 * 1024**2, 21, 2) + b"{")
    time.sleep(3600)
