import os
import time


def handler(input, context):
    """Processes without end; those that it could not have are this call's error."""
    while True:
        if os.fork() == 0:
            time.sleep(60)
            os._exit(0)
