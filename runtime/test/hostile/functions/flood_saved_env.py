import time

import frames


def handler(input, context):
    """As many messages as it can send, each a right one."""
    head = {"shard": 0, "id": 0, "problem": None, "unchanged": True}
    many = frames.frame(frames.SAVED, head) * 1000
    end = time.monotonic() + 2
    while time.monotonic() < end:
        frames.send(many)
    return {"could": []}
