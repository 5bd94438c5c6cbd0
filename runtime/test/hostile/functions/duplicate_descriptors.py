import os
import time

import frames


def handler(input, context):
    """A child keeps the descriptors and answers when the worker has long been asked something else."""
    copies = [os.dup(number) for number in (1, 2, 3, 4)]
    if os.fork() == 0:
        os.setsid()
        time.sleep(0.3)
        os.dup2(copies[2], 3)
        frames.send(frames.result(12345, b'{"could":["answer from a child"]}'))
        time.sleep(60)
        os._exit(0)
    return {"could": []}
