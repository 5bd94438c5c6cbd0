import os
import signal


def handler(input, context):
    """The time that is used is that of children, and no one waits for them."""
    for _ in range(2):
        if os.fork() == 0:
            signal.signal(signal.SIGXCPU, signal.SIG_IGN)
            while True:
                pass
    signal.pause()
