import os
import signal
import time


def handler(input, context):
    """A child of a child, in a session of its own, deaf to signals, with all descriptors open, goes on."""
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
                signal.signal(number, signal.SIG_IGN)
            while True:
                time.sleep(0.01)
        os._exit(0)
    os.wait()
    return {"could": []}
